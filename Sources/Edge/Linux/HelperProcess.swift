internal import Bytes
internal import CLinux
internal import Glibc

/// A program that prints something short and ends: a process group of its own, its output in a
/// pipe, nothing as its input, and what it complains about goes nowhere, because it may be a
/// secret.
///
/// Two descriptors say when there is something to do; nothing here waits. Its group is killed when
/// it ends, so that no child of it stays; what has left the group is its own.
public final class HelperProcess: @unchecked Sendable {
    // @unchecked: made by the disk worker, which then gives it away.

    /// How it ended.
    public enum End: Equatable, Sendable {
        case status(Int32)
        case signal(Int32)
    }

    private let process: Int32
    private let exit: FileDescriptor
    private let output: FileDescriptor
    private let program: String
    private var buffer = FixedBuffer(capacity: 4_096)
    private var isReaped = false
    /// It is gone, and so are its children.
    public var hasEnded: Bool { isReaped }
    /// What it has printed so far.
    public private(set) var printed: [UInt8] = []

    /// Starts `words`, the first of which is looked up in PATH unless it has a slash. It waits
    /// until the program is loaded, so it belongs on the disk worker.
    public init(_ words: [String]) throws(SystemError) {
        program = words.first ?? ""
        var ends: [Int32] = [-1, -1]
        try retrying("pipe2", program) { unsafe pulsegate_pipe(&ends) }
        output = FileDescriptor(owning: ends[0])
        let input = FileDescriptor(owning: ends[1])
        var texts = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe texts.forEach { unsafe free($0) } }
        var process: Int32 = 0
        let error = unsafe pulsegate_spawn(&texts, input.number, &process)
        guard error == 0 else {
            throw SystemError(call: "posix_spawn", subject: program, number: error)
        }
        self.process = process
        let descriptor = pulsegate_process_descriptor(process)
        guard descriptor >= 0 else {
            let failure = SystemError.last("pidfd_open", program)
            _ = Glibc.kill(-process, SIGKILL)
            _ = waitpid(process, nil, 0)
            throw failure
        }
        exit = FileDescriptor(owning: descriptor)
    }

    deinit {
        if !isReaped {
            kill()
            // It dies of SIGKILL at once; what is not waited for stays in the table of processes.
            _ = waitpid(process, nil, 0)
        }
    }

    /// Readable when the process has ended.
    public var exitNumber: Int32 { exit.number }
    /// Readable when it has printed something or closed its output.
    public var outputNumber: Int32 { output.number }

    /// Takes what it has printed, at most until there are more than `limit` bytes. Answers false
    /// when no more will come.
    public func takeOutput(limit: Int) -> Bool {
        while printed.count <= limit {
            buffer.removeAll()
            do throws(SystemError) {
                guard let count = try output.read(atMost: 4_096, into: &buffer, subject: program)
                else { return true }
                if count == 0 { return false }
            } catch {
                return false
            }
            buffer.withBytes { bytes in
                for index in bytes.indices { printed.append(bytes[index]) }
            }
        }
        return true
    }

    /// How it ended; nil while it runs. What is left of its group is killed before its number can
    /// be another's.
    public func takeEnd() -> End? {
        var information = unsafe siginfo_t()
        let options = WEXITED | WNOHANG | WNOWAIT
        guard !isReaped,
            unsafe waitid(P_PID, id_t(process), &information, options) == 0,
            unsafe information.si_signo == SIGCHLD
        else { return nil }
        kill()
        var status: Int32 = 0
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        isReaped = true
        // The low seven bits are the signal, the next byte the status (wait(2)).
        return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
    }

    /// Ends it and its children at once. It is gone when `exitNumber` is readable.
    public func kill() {
        if !isReaped { _ = Glibc.kill(-process, SIGKILL) }
    }
}

/// Starts a program on the disk worker: to load it may wait for the card.
public final class HelperStart: DiskJob, @unchecked Sendable {
    // @unchecked: between `submit` and `nextFinished` the worker alone touches the job.
    private let words: [String]
    public private(set) var outcome: Result<HelperProcess, SystemError>?

    public init(_ words: [String]) {
        self.words = words
    }

    public func perform() {
        do throws(SystemError) {
            outcome = .success(try HelperProcess(words))
        } catch {
            outcome = .failure(error)
        }
    }
}
