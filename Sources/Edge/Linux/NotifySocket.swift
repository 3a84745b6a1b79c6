internal import Bytes
internal import CLinux
internal import Glibc

/// The line to the service manager (sd_notify(3)): datagrams of `NAME=VALUE` lines, sent to
/// $NOTIFY_SOCKET. Nothing here waits, and a manager that does not listen is no failure of ours.
public final class NotifySocket {
    private let name: UnixSocket.Name
    private let socket: FileDescriptor
    /// How often the watchdog is to be fed; nil without one.
    public let feedNanoseconds: Int64?

    /// nil without a manager that wants to be told. `processID` is this process's number.
    public init?(
        variable: (String) -> String? = Environment.value, processID: Int32? = nil
    ) {
        guard let text = variable("NOTIFY_SOCKET"), let name = Self.name(of: text) else {
            return nil
        }
        do throws(SystemError) {
            socket = try UnixSocket.datagram()
        } catch {
            return nil
        }
        self.name = name
        feedNanoseconds = Self.feed(variable, processID ?? getpid())
    }

    /// A path, or `@NAME` of the abstract namespace; anything else is not ours to guess.
    public static func name(of text: String) -> UnixSocket.Name? {
        if text.hasPrefix("@") && text.utf8.count > 1 { return .abstract(String(text.dropFirst())) }
        return text.hasPrefix("/") ? .path(text) : nil
    }

    /// A third of $WATCHDOG_USEC, when it is meant for this process (sd_watchdog_enabled(3)).
    static func feed(_ variable: (String) -> String?, _ processID: Int32) -> Int64? {
        guard let text = variable("WATCHDOG_USEC"), let microseconds = Int64(text),
            microseconds > 0, microseconds < Int64.max / 1_000
        else { return nil }
        if let owner = variable("WATCHDOG_PID"), owner != String(processID) { return nil }
        return max(1, microseconds * 1_000 / 3)
    }

    /// Sends these lines in one datagram; answers whether they were taken.
    @discardableResult
    public func send(_ lines: [String]) -> Bool {
        let bytes = Array(lines.joined(separator: "\n").utf8)
        do throws(SystemError) {
            try UnixSocket.send(bytes.span, to: name, by: socket)
            return true
        } catch {
            return false
        }
    }

    /// One line of status as `systemctl status` shows it: a line end would begin another word.
    public static func status(_ text: String) -> String {
        "STATUS=" + text.filter { !$0.isNewline }
    }
}

extension UnixSocket {
    /// A datagram socket without a name that never waits.
    static func datagram() throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try retrying("socket", "notify") {
                Glibc.socket(
                    AF_UNIX,
                    Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
    }

    static func send(
        _ bytes: Span<UInt8>, to name: Name, by socket: borrowing FileDescriptor
    ) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard let length = fill(&address, with: name) else {
            throw SystemError(call: "sendto", subject: name.text, number: ENAMETOOLONG)
        }
        let number = socket.number
        try retrying("sendto", name.text) {
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe withUnsafePointer(to: &address) { start in
                    unsafe start.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe sendto(
                            number, source.baseAddress, source.count, Int32(MSG_NOSIGNAL),
                            $0, length)
                    }
                }
            }
        }
    }
}
