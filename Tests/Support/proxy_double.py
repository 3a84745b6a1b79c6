"""An HTTP proxy that tunnels CONNECT to 127.0.0.1, whatever the name: the one of a gym's office."""

import socket
import threading


class Proxy:
    """`asked`: the targets of every CONNECT. `first_bytes`: what each tunnel began with.
    `carried`: all bytes that went up. `refusal`: a status line in place of a tunnel."""

    def __init__(self):
        self.asked, self.first_bytes, self.refusal = [], [], None
        self.carried = bytearray()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            assert method == "CONNECT", "nothing goes through a proxy but a tunnel"
            self.asked.append(target)
            if self.refusal:
                client.sendall(f"HTTP/1.1 {self.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            port = int(target.rsplit(":", 1)[1])
            with socket.create_connection(("127.0.0.1", port)) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self._carry, args=(server, client), daemon=True)
                back.start()
                self._carry(client, server, self._note(len(self.asked)))
                back.join()

    def _note(self, number):
        def note(data):
            if len(self.first_bytes) < number:
                self.first_bytes.append(data[0])
            self.carried += data
        return note

    @staticmethod
    def _carry(source, target, note=lambda data: None):
        try:
            while data := source.recv(65536):
                note(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # Either end may go at any time.

    def stop(self):
        self.server.close()
