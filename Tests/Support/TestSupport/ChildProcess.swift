import Foundation

/// A helper program on two pipes. Nothing here waits for ever: a helper that says nothing within
/// `patienceSeconds` fails the test, and one that does not end is killed with all its children.
public final class ChildProcess {
    /// Far more than any helper needs on a busy machine.
    static let patienceSeconds = 60
    private static let graceSeconds = 10
    private static let oneAtATime = NSLock()

    private let process: pid_t?
    private var input: Int32
    private let output: Int32
    private var unread: [UInt8] = []

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts a program, looked up in PATH where its name has no slash.
    public init(_ arguments: [String]) throws {
        _ = signal(SIGPIPE, SIG_IGN)
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        // Closed on exec, and one helper at a time, so that none keeps another's input open.
        ChildProcess.oneAtATime.lock()
        defer { ChildProcess.oneAtATime.unlock() }
        guard unsafe pipe(&toChild) == 0, unsafe pipe(&fromChild) == 0 else {
            throw Failure(description: "no pipe for \(arguments)")
        }
        for number in toChild + fromChild { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, toChild[0], STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        // A process group of its own, so that its children can be ended with it.
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var process: pid_t = 0
        let error = unsafe posix_spawnp(
            &process, arguments[0], &actions, &attributes, &words, environ)
        unsafe words.forEach { unsafe free($0) }
        unsafe posix_spawnattr_destroy(&attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
        close(toChild[0])
        close(fromChild[1])
        self.process = error == 0 ? process : nil
        input = toChild[1]
        output = fromChild[0]
        guard error == 0 else {
            throw Failure(description: "\(arguments[0]) does not start: error \(error)")
        }
    }

    deinit {
        closeInput()
        close(output)
        waitForEnd()
    }

    public func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    private func waitForEnd() {
        guard let process else { return }
        for _ in 0..<(ChildProcess.graceSeconds * 100) {
            var status: Int32 = 0
            if unsafe waitpid(process, &status, WNOHANG) != 0 { return }
            usleep(10_000)
        }
        kill(-process, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(process, &status, 0)
    }

    /// Gives the helper one line.
    public func write(line: String) throws {
        var bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        while !bytes.isEmpty {
            try wait(for: Int16(POLLOUT), of: input)
            let count = unsafe bytes.withUnsafeBytes {
                // At most what a pipe that is ready takes at once (pipe(7), PIPE_BUF).
                unsafe Foundation.write(input, $0.baseAddress, min($0.count, 4_096))
            }
            guard count > 0 else { throw Failure(description: "the helper has ended") }
            bytes.removeFirst(count)
        }
    }

    /// The helper's next line, without its end.
    public func readLine() throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeFirst(end + 1)
                return text
            }
            guard let more = try readSome() else {
                throw Failure(description: "the helper has ended")
            }
            unread += more
        }
    }

    /// All that the helper still says, and its exit status.
    public func readToEnd() throws -> (bytes: [UInt8], status: Int32) {
        while let more = try readSome() { unread += more }
        var status: Int32 = 0
        guard let process, unsafe waitpid(process, &status, 0) == process else {
            throw Failure(description: "the helper cannot be waited for")
        }
        return (unread, status)
    }

    /// What is there now, at least one byte; nil: no more will come.
    private func readSome() throws -> [UInt8]? {
        try wait(for: Int16(POLLIN), of: output)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(output, $0.baseAddress, $0.count)
        }
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private func wait(for event: Int16, of number: Int32) throws {
        var entry = pollfd(fd: number, events: event, revents: 0)
        while true {
            let count = unsafe poll(&entry, 1, Int32(ChildProcess.patienceSeconds * 1_000))
            if count > 0 { return }
            guard count < 0, errno == EINTR else {
                throw Failure(
                    description: "a helper was silent for \(ChildProcess.patienceSeconds) s")
            }
        }
    }
}
