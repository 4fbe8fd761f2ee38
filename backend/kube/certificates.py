"""What a server's certificate says, for people whose connection it breaks."""

from __future__ import annotations

import asyncio
import ssl

from backend.safe_text import visible

_SHOWN_NAMES = 6
_SHOWN = 300


async def describe_certificate(host: str, port: int, server_name: str, timeout: float) -> str:
    """Return for whom and how long the certificate of a server holds, "" when it does not show one.

    The certificate is not verified, and nothing is sent to the server: this only explains why it was refused.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=server_name)
    except OSError:
        return ""
    found: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    der = found.getpeercert(binary_form=True) if found else None
    writer.close()
    return await asyncio.to_thread(_described, der) if der else ""


def _described(der: bytes) -> str:
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = [str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]
    except x509.ExtensionNotFound:
        listed = []
    except ValueError:
        return ""
    more = f" and {len(listed) - _SHOWN_NAMES} more" if len(listed) > _SHOWN_NAMES else ""
    holders = visible(", ".join(listed[:_SHOWN_NAMES]), _SHOWN) + more if listed else "no name"
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"It is for {holders}, valid from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC."
