internal import Bytes
public import Linux

/// Why a gateway was not reached.
public enum ControlError: Error, Equatable, Sendable {
    /// Nobody listens there.
    case notRunning(SystemError)
    /// It did not answer in time.
    case noAnswer
    case failed(SystemError)
}

/// The asking end of the control socket.
public enum ControlClient {
    /// Sends `line` to the gateway at `path` and waits for its whole answer.
    public static func ask(
        _ line: String, at path: String, timeoutNanoseconds: Int64 = 5_000_000_000
    ) throws(ControlError) -> String {
        let socket: FileDescriptor
        do throws(SystemError) {
            socket = try UnixSocket.connect(to: .path(path))
        } catch {
            throw .notRunning(error)
        }
        do throws(SystemError) {
            let answer = try exchange(line, socket, path, timeoutNanoseconds)
            guard let answer else { throw SystemError(call: "recv", subject: path, number: 0) }
            return answer
        } catch {
            throw error.number == 0 ? .noAnswer : .failed(error)
        }
    }

    /// nil when the time is over.
    private static func exchange(
        _ line: String, _ socket: borrowing FileDescriptor, _ path: String, _ nanoseconds: Int64
    ) throws(SystemError) -> String? {
        try socket.write(Array((line + "\n").utf8).span, subject: path)
        var poller = try Poller()
        try poller.set(socket.number, token: 0, readable: true, writable: false)
        var answer = FixedBuffer(capacity: ControlServer.answerBytesMax + 1)
        let end = Clock.monotonicNanoseconds() + nanoseconds
        while true {
            let left = end - Clock.monotonicNanoseconds()
            if left <= 0 { return nil }
            try poller.wait(timeoutNanoseconds: left) { _ in }
            let got = try socket.read(atMost: answer.room, into: &answer, subject: path)
            if got == 0 || answer.room == 0 {
                return answer.withBytes { String(decoding: $0) }
            }
        }
    }
}
