"""The gateway to clusters, against real sockets."""
