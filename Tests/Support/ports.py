"""A port of the loopback that nobody listens at."""

import socket


def free_port():
    """Nobody listens there now; whoever is told of it should soon."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
