internal import CLinux
internal import Glibc

/// A signal that the program answers.
public enum ProcessSignal: Equatable, Sendable {
    /// SIGINT or SIGTERM: finish what is under way and end.
    case terminate
    /// SIGHUP: read the configuration again.
    case reload
    /// SIGWINCH: the terminal has another size.
    case windowChanged
}

/// Signals as input: blocked everywhere, read from a descriptor (signalfd(2)), so that none ever
/// interrupts anything. SIGPIPE is ignored: a closed pipe is an error of `write`.
public struct Signals: ~Copyable {
    private let descriptor: FileDescriptor

    /// Must be made before the first thread, which inherits the mask.
    public init() throws(SystemError) {
        signal(SIGPIPE, SIG_IGN)
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGWINCH] { unsafe sigaddset(&mask, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        descriptor = FileDescriptor(
            owning: try retrying("signalfd", "signals") {
                unsafe signalfd(-1, &mask, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
            })
    }

    public var number: Int32 { descriptor.number }

    /// The next signal; nil when there is none.
    public func next() -> ProcessSignal? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.number, &information, size) == size else { return nil }
        switch Int32(information.ssi_signo) {
        case SIGHUP: return .reload
        case SIGWINCH: return .windowChanged
        default: return .terminate
        }
    }
}
