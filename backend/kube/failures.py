"""What a request that got no answer means: exceptions of aiohttp and ssl to KubeError. Heavy: imports aiohttp."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from backend.kube.errors import KubeError, Stage
from backend.kube.transport import RedirectRefusedError
from backend.safe_text import visible

_EXPIRED, _NOT_YET_VALID = 10, 9
_WRONG_NAME = {62, 64}
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21, 24}
_NO_COMMON_VERSION = {"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"}
_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}
_SHOWN = 300


class TooLargeError(Exception):
    """An answer over the limit. `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Peer:
    """Who was asked: `label` starts the sentence; `seconds_*` are the time-outs; `authority` whether the
    kubeconfig holds one.
    """

    label: str
    address: str
    seconds_to_connect: float
    seconds_to_answer: float
    authority: bool


def explain(error: Exception, peer: Peer) -> KubeError | None:
    """Return the error for people that `error` stands for, or None for one that is our own mistake."""
    if isinstance(error, TooLargeError):
        unit, name = (1024 * 1024, "MiB") if error.limit >= 1024 * 1024 else (1, "bytes")
        size = f"{error.limit // unit} {name}"
        return KubeError("protocol", f"{peer.label} sent an answer larger than {size}; it was not read.")
    return _before_the_request(error, peer) or _after_the_request(error, peer)


def _before_the_request(error: Exception, peer: Peer) -> KubeError | None:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return certificate_error(error.certificate_error, peer)
        case aiohttp.ClientConnectorSSLError():
            return tls_error(error.os_error, peer)
        case aiohttp.ClientConnectorDNSError():
            return dns_error(error.os_error, error.host, peer)
        case aiohttp.ClientProxyConnectionError():
            return _proxy(f"the proxy cannot be reached ({_system_text(error.os_error)})", peer)
        case aiohttp.ClientConnectorError():
            return tcp_error(error.os_error, peer)
        case aiohttp.ClientHttpProxyError():
            return _proxy(f"the proxy answered {error.status} {visible(error.message, _SHOWN)}".rstrip(), peer)
        case aiohttp.ConnectionTimeoutError():
            return connect_timeout(peer)
        case _:
            return None


def _after_the_request(error: Exception, peer: Peer) -> KubeError | None:
    cause = error.__cause__
    match error:
        case RedirectRefusedError():
            return _redirect(error, peer)
        case TimeoutError():
            return answer_timeout(peer)
        case aiohttp.ServerDisconnectedError():
            return _closed(peer, "closed the connection without an answer")
        case aiohttp.ClientPayloadError():
            return _closed(peer, "broke off its answer", "protocol")
        case aiohttp.ClientResponseError():
            return KubeError("protocol", f"{peer.label} did not answer in HTTP; check the server address and port.")
        case OSError():
            failed = cause if isinstance(cause, ssl.SSLError) else error
            if isinstance(failed, ssl.SSLError):
                return tls_error(failed, peer)
            return _closed(peer, f"lost the connection ({_system_text(error)})")
        case aiohttp.ClientConnectionError():
            return _closed(peer, "lost the connection")
        case _:
            return None


def dns_error(error: OSError, host: str | None, peer: Peer) -> KubeError:
    """The error of a name look-up."""
    name = visible(host or "", _SHOWN)
    if isinstance(error, TimeoutError):
        return KubeError(
            "dns",
            f"{peer.label}: looking up {name} took longer than {peer.seconds_to_connect:g} s; check the name server.",
            retryable=True,
            timed_out=True,
            connecting=True,
        )
    known = error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    what = f"the name {name} does not exist" if known else f"the name {name} could not be looked up"
    return KubeError(
        "dns",
        f"{peer.label}: {what}; check the server address in the kubeconfig and this machine's DNS.",
        retryable=True,
        connecting=True,
    )


def tcp_error(error: OSError, peer: Peer) -> KubeError:
    """The error of a connection that could not be made."""
    if isinstance(error, ssl.SSLError):
        return tls_error(error, peer)
    if error.errno == errno.ECONNREFUSED:
        what = f"refused the connection to {peer.address}; check that its API server runs and the port is right"
    elif error.errno in {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE} or isinstance(error, ConnectionError):
        what = f"closed the connection to {peer.address} while it was being made; check that it is an API server's port"
    else:
        what = f"cannot be reached at {peer.address} ({_system_text(error)}); check the network, VPN and firewall"
    return KubeError("tcp", f"{peer.label} {what}.", retryable=True, connecting=True)


def connect_timeout(peer: Peer) -> KubeError:
    """The error of a connection that was not made in time."""
    return KubeError(
        "timeout",
        f"{peer.label} did not take a connection at {peer.address} within {peer.seconds_to_connect:g} s; "
        "check the network, VPN and firewall.",
        retryable=True,
        connecting=True,
    )


def certificate_error(error: Exception, peer: Peer) -> KubeError:
    """The error of a server certificate that is not trusted."""
    code = getattr(error, "verify_code", 0)
    detail = visible(str(getattr(error, "verify_message", "") or error), _SHOWN)
    if code == _EXPIRED:
        what = "presents a certificate that has expired; renew it on the cluster, or set this machine's clock"
    elif code == _NOT_YET_VALID:
        what = "presents a certificate that is not valid yet; check this machine's clock and the cluster's"
    elif code in _WRONG_NAME:
        what = (
            f"presents a certificate for other names ({detail}); use an address that it names, "
            "or set tls-server-name in the kubeconfig"
        )
    elif code in _UNKNOWN_AUTHORITY and peer.authority:
        what = (
            "presents a certificate that the certificate-authority-data of the kubeconfig did not sign; "
            "take a fresh kubeconfig from the cluster"
        )
    elif code in _UNKNOWN_AUTHORITY:
        what = (
            "presents a certificate that no authority known to this machine signed; "
            "add certificate-authority-data to the kubeconfig"
        )
    else:
        what = f"presents a certificate that cannot be verified ({detail}); check the kubeconfig's authority"
    return KubeError("tls", f"{peer.label} {what}.", connecting=True)


def tls_error(error: OSError, peer: Peer) -> KubeError:
    """The error of a TLS handshake that failed for another reason than the server's certificate."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_error(error, peer)
    reason = str(getattr(error, "reason", "") or "")
    if reason in _NO_COMMON_VERSION:
        what = "speaks only TLS versions older than 1.2; upgrade its API server or the balancer before it"
    elif reason in _NOT_TLS:
        what = f"does not speak TLS at {peer.address}; check the server address and port in the kubeconfig"
    elif reason.endswith("CERTIFICATE_REQUIRED"):
        what = (
            "wants a client certificate, which the kubeconfig does not hold; take a fresh kubeconfig from the cluster"
        )
    elif "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        what = f"refused our client certificate ({reason.lower()}); take a fresh kubeconfig from the cluster"
    else:
        detail = visible(reason.lower() or _system_text(error), _SHOWN)
        what = f"broke off the TLS handshake ({detail}); check what answers at {peer.address}"
    return KubeError("tls", f"{peer.label} {what}.", retryable=isinstance(error, ssl.SSLEOFError), connecting=True)


def answer_timeout(peer: Peer) -> KubeError:
    """The error of an answer that did not come, or stopped coming."""
    return KubeError(
        "timeout",
        f"{peer.label} accepted the connection but did not answer within {peer.seconds_to_answer:g} s; "
        "it may be overloaded, or the link too slow.",
        retryable=True,
    )


def _redirect(error: RedirectRefusedError, peer: Peer) -> KubeError:
    try:
        host = urlsplit(error.location).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    where = f" to {visible(host, _SHOWN)}" if host else ""
    return KubeError(
        "protocol",
        f"{peer.label} answered with a redirect{where} ({error.status}), which is not followed; "
        "put the API server's own address into the kubeconfig.",
        status=error.status,
    )


def _proxy(what: str, peer: Peer) -> KubeError:
    return KubeError("tcp", f"{peer.label}: {what}; check proxy-url or HTTPS_PROXY.", retryable=True, connecting=True)


def _closed(peer: Peer, what: str, stage: Stage = "tcp") -> KubeError:
    return KubeError(stage, f"{peer.label} {what}; it may be restarting, try again.", retryable=True)


def _system_text(error: OSError) -> str:
    return visible(error.strerror or str(error) or type(error).__name__, _SHOWN)
