import Foundation
import Glibc
import Linux
import Testing

@testable import LocalHTTP

/// A server at work on a clock that the test sets, and clients that write what they like.
final class ServerBench {
    let server: HTTPServer
    /// Monotonic nanoseconds, as the server sees them.
    private let time: Time
    private let route: (HTTPExchange) -> Void
    private var clients: [RawClient] = []
    var now: Int64 {
        get { time.now }
        set { time.now = newValue }
    }

    private final class Time { var now: Int64 = 1_000_000_000_000 }

    init(
        _ change: (inout HTTPServerSettings) -> Void = { _ in },
        route: @escaping (HTTPExchange) -> Void
    ) throws {
        var settings = HTTPServerSettings(address: "127.0.0.1", port: 0)
        change(&settings)
        let time = Time()
        self.time = time
        self.route = route
        server = try HTTPServer(settings) { time.now }
    }

    deinit { server.close() }

    func connect() throws -> RawClient {
        let client = try RawClient(port: server.port)
        clients.append(client)
        return client
    }

    /// Lets server and clients get on until `isDone`, for five seconds at most. Answers whether
    /// it came to that.
    @discardableResult
    func turn(until isDone: () -> Bool) -> Bool {
        let end = Clock.monotonicNanoseconds() + 5_000_000_000
        while Clock.monotonicNanoseconds() < end {
            server.service(route)
            for client in clients { client.read() }
            if isDone() { return true }
            var descriptors = clients.filter { !$0.isClosed }.map {
                pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0)
            }
            descriptors.append(pollfd(fd: server.number, events: Int16(POLLIN), revents: 0))
            unsafe poll(&descriptors, nfds_t(descriptors.count), 5)
        }
        return false
    }

    /// A client says `text` and the server answers as many times.
    func ask(_ text: String, answers: Int = 1) throws -> [RawAnswer] {
        let client = try connect()
        client.send(text)
        turn { client.isClosed || client.answers.count >= answers }
        return client.answers
    }

    /// Every buffer is back and nobody is connected.
    func isAtRest() -> Bool {
        turn {
            server.connectionCount == 0
                && server.bodies.freeCount == server.settings.bodyBuffers
                && server.answers.freeCount == server.settings.answerBuffers
        }
    }

    /// What is not at rest.
    var rest: String {
        "\(server.connectionCount) connections, \(server.bodies.freeCount) bodies, "
            + "\(server.answers.freeCount) answers"
    }

    /// All clients go.
    func leave() {
        for client in clients { client.close() }
        clients.removeAll()
    }
}

/// An answer as it came.
struct RawAnswer: Equatable {
    var status: Int
    /// Names in lower case.
    var fields: [String: String]
    var body: String
}

/// A socket.
final class RawClient {
    let number: Int32
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false

    init(port: UInt16, receiveBytes: Int32? = nil) throws {
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var bytes = receiveBytes {
            unsafe setsockopt(
                number, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0, "the server listens")
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
    }

    deinit { close() }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { source in
            unsafe Glibc.send(
                number, source.baseAddress, source.count, Int32(MSG_NOSIGNAL))
        }
    }

    func read() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while !isClosed {
            let got = unsafe Glibc.read(number, &buffer, buffer.count)
            if got > 0 {
                received += buffer[..<got]
            } else if got == 0 || errno != EAGAIN {
                if got == 0 || errno != EINTR { isClosed = true }
            } else {
                return
            }
        }
    }

    /// No more will be written, as by a client that is cut in two.
    func endWriting() { Glibc.shutdown(number, Int32(SHUT_WR)) }

    func close() {
        guard !hasGone else { return }
        hasGone = true
        isClosed = true
        Glibc.close(number)
    }
    private var hasGone = false

    var text: String { String(decoding: received, as: UTF8.self) }

    /// The whole answers that have come, with their length said in `Content-Length` or without a
    /// body.
    var answers: [RawAnswer] {
        var found: [RawAnswer] = []
        var rest = received[...]
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let head = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            let lines = head.components(separatedBy: "\r\n")
            var fields: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            let length = fields["content-length"].flatMap { Int($0) } ?? 0
            guard rest.endIndex - end.upperBound >= length else { break }
            let words = lines[0].split(separator: " ")
            found.append(
                RawAnswer(
                    status: words.count > 1 ? Int(words[1]) ?? 0 : 0, fields: fields,
                    body: String(
                        decoding: rest[end.upperBound..<end.upperBound + length], as: UTF8.self)))
            rest = rest[(end.upperBound + length)...]
        }
        return found
    }
}
