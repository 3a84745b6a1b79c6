internal import Bytes
public import Linux

/// The listening end of the control socket: one line in, lines out, and the connection ends.
///
/// Whoever may write to the socket may command the gateway: its mode is 0660, so that is the
/// user of the gateway and the group, and the kernel is asked who called all the same
/// (SO_PEERCRED): a folder that was copied or a descriptor that was handed on opens nothing.
/// Nothing here waits; a caller who is slow, silent or says too
/// much is dropped. A further command is a further word for `answer`.
public final class ControlServer {
    /// Callers at a time; more wait in the kernel's queue.
    static let callersMax = 8
    /// Bytes of a request.
    static let requestBytesMax = 256
    /// Bytes of an answer; one that is longer is cut.
    static let answerBytesMax = 64 << 10
    /// How long a caller may take for all of it.
    static let patienceNanoseconds: Int64 = 5_000_000_000

    private final class Caller {
        let socket: FileDescriptor
        let end: Int64
        var request = FixedBuffer(capacity: ControlServer.requestBytesMax)
        var answer = FixedBuffer(capacity: 1)
        var sent = 0
        var isAnswered = false

        init(socket: consuming FileDescriptor, end: Int64) {
            self.socket = socket
            self.end = end
        }
    }

    private let path: String
    private let listener: FileDescriptor
    private var poller: Poller
    private var callers: [Caller] = []
    private let mayCommand: (SocketPeer) -> Bool
    /// Callers who were turned away.
    public private(set) var refusedCount = 0

    /// Listens at `path`, in the place of a gateway that is gone.
    public init(
        path: String,
        mayCommand: @escaping (SocketPeer) -> Bool = {
            $0.isOwner(SocketPeer.own.user, orIn: SocketPeer.own.group)
        }
    ) throws(SystemError) {
        self.path = path
        self.mayCommand = mayCommand
        poller = try Poller()
        listener = try UnixSocket.listen(at: path)
        try poller.set(listener.number, token: 0, readable: true, writable: false)
    }

    deinit { do throws(SystemError) { try Path.remove(path) } catch {} }

    /// Readable when there is something to do.
    public var number: Int32 { poller.number }

    /// When `service` has something to do by itself (monotonic nanoseconds).
    public var deadline: Int64? { callers.map(\.end).min() }

    /// Takes new callers, reads, answers and drops, as far as it goes without waiting.
    public func service(now: Int64, answer: (String) -> String) throws(SystemError) {
        // What is ready is found out by trying: there are a handful of callers.
        try poller.wait(timeoutNanoseconds: 0) { _ in }
        while callers.count < Self.callersMax, let socket = try UnixSocket.accept(listener) {
            guard let peer = UnixSocket.peer(of: socket), mayCommand(peer) else {
                refusedCount += 1
                continue
            }
            let caller = Caller(socket: socket, end: now + Self.patienceNanoseconds)
            try poller.set(
                caller.socket.number, token: 1, readable: true, writable: false)
            callers.append(caller)
        }
        callers.removeAll { !advance($0, now: now, answer) }
        for caller in callers where caller.isAnswered {
            try poller.set(caller.socket.number, token: 1, readable: false, writable: true)
        }
        // With no place for another caller the listener would wake the loop for nothing.
        try poller.set(
            listener.number, token: 0, readable: callers.count < Self.callersMax, writable: false)
    }

    /// Answers whether the caller stays.
    private func advance(_ caller: Caller, now: Int64, _ answer: (String) -> String) -> Bool {
        guard now < caller.end else { return false }
        do throws(SystemError) {
            if !caller.isAnswered {
                guard try read(caller) else { return false }
                guard let line = line(of: caller) else {
                    // Full without an end: nobody who knows us.
                    return caller.request.room > 0
                }
                caller.isAnswered = true
                let text = Array(answer(line).utf8.prefix(Self.answerBytesMax))
                caller.answer = FixedBuffer(capacity: max(1, text.count))
                caller.answer.append(text.span)
            }
            let start = caller.sent
            caller.sent += try caller.answer.withBytes {
                (bytes: Span<UInt8>) throws(SystemError) in
                try caller.socket.send(bytes, from: start)
            }
            return caller.sent < caller.answer.count
        } catch {
            // It has gone.
            return false
        }
    }

    /// Reads what is there; false at the end.
    private func read(_ caller: Caller) throws(SystemError) -> Bool {
        let room = caller.request.room
        guard room > 0 else { return true }
        let got = try caller.socket.read(atMost: room, into: &caller.request, subject: path)
        return got != 0
    }

    private func line(of caller: Caller) -> String? {
        caller.request.withBytes { bytes -> String? in
            var text: [UInt8] = []
            for index in bytes.indices {
                if bytes[index] == UInt8(ascii: "\n") {
                    return String(decoding: text, as: UTF8.self)
                }
                text.append(bytes[index])
            }
            return nil
        }
    }
}
