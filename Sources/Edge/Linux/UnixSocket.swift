public import Bytes
internal import CLinux
internal import Glibc

/// Stream and packet sockets of this machine (unix(7)).
public enum UnixSocket {
    /// Where a socket listens.
    public enum Name: Equatable, Sendable {
        /// A path of the file system.
        case path(String)
        /// A name of the abstract namespace, without its leading NUL.
        case abstract(String)

        var text: String {
            switch self {
            case .path(let text), .abstract(let text): text
            }
        }
    }

    /// Connects a stream socket and never waits: a listener whose queue is full, as it is when
    /// its process has stopped, is an error (EAGAIN).
    public static func connect(to name: Name) throws(SystemError) -> FileDescriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard let length = fill(&address, with: name) else {
            throw SystemError(call: "connect", subject: name.text, number: ENAMETOOLONG)
        }
        let socket = try stream(name.text)
        try retrying("connect", name.text) {
            unsafe withUnsafePointer(to: &address) { start in
                unsafe start.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(socket.number, $0, length)
                }
            }
        }
        return socket
    }

    /// Listens at `path` without waiting, in the place of whatever lies there. Its user and its
    /// group may connect (mode 0660, unix(7)).
    public static func listen(at path: String) throws(SystemError) -> FileDescriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard let length = fill(&address, with: .path(path)) else {
            throw SystemError(call: "bind", subject: path, number: ENAMETOOLONG)
        }
        let socket = try stream(path)
        try Path.remove(path)
        // Nobody else's bits from its first moment on.
        let mask = umask(0o117)
        defer { umask(mask) }
        try retrying("bind", path) {
            unsafe withUnsafePointer(to: &address) { start in
                unsafe start.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.bind(socket.number, $0, length)
                }
            }
        }
        let number = socket.number
        try retrying("listen", path) { Glibc.listen(number, 8) }
        return socket
    }

    /// The next caller; nil when nobody waits.
    public static func accept(
        _ listener: borrowing FileDescriptor
    ) throws(SystemError) -> FileDescriptor? {
        let number = pulsegate_accept(listener.number)
        if number >= 0 { return FileDescriptor(owning: number) }
        // A caller who has gone already is no failure (accept(2)).
        if errno == EAGAIN || errno == EINTR || errno == ECONNABORTED { return nil }
        throw SystemError.last("accept4", "control socket")
    }

    /// Who is at the other end; nil when the kernel does not say.
    public static func peer(of socket: borrowing FileDescriptor) -> SocketPeer? {
        var (user, group, process): (UInt32, UInt32, Int32) = (0, 0, 0)
        var groups = [UInt32](repeating: 0, count: 64)
        let count = unsafe pulsegate_peer(socket.number, &user, &group, &process, &groups, 64)
        guard count >= 0 else { return nil }
        return SocketPeer(
            user: user, group: group, process: process, groups: Array(groups.prefix(Int(count))))
    }

    private static func stream(_ subject: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try retrying("socket", subject) {
                Glibc.socket(
                    AF_UNIX,
                    Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
    }

    /// The length of the address with `name` in it; nil when it does not fit.
    static func fill(_ address: inout sockaddr_un, with name: Name) -> socklen_t? {
        let prefix =
            switch name {
            case .path: 0
            case .abstract: 1
            }
        let family = MemoryLayout<sa_family_t>.size
        return unsafe withUnsafeMutableBytes(of: &address.sun_path) { target -> socklen_t? in
            let count = name.text.utf8.count
            // A path ends with NUL, which is there already.
            guard prefix + count < target.count else { return nil }
            var place = prefix
            for byte in name.text.utf8 {
                unsafe target[place] = byte
                place += 1
            }
            return socklen_t(family + place + 1 - prefix)
        }
    }
}

/// The process at the other end of a socket, as it was when it connected (unix(7), SO_PEERCRED).
public struct SocketPeer: Equatable, Sendable {
    public let user: UInt32
    public let group: UInt32
    public let process: Int32
    /// Its other groups.
    public let groups: [UInt32]

    public init(user: UInt32, group: UInt32, process: Int32, groups: [UInt32]) {
        self.user = user
        self.group = group
        self.process = process
        self.groups = groups
    }

    /// Root, a user, or whoever is in a group.
    public func isOwner(_ owner: UInt32, orIn members: UInt32) -> Bool {
        user == 0 || user == owner || group == members || groups.contains(members)
    }

    /// The user and the group of this process.
    public static var own: (user: UInt32, group: UInt32) { (geteuid(), getegid()) }
}

/// What came out of a packet socket.
public enum ReceivedPacket: Equatable, Sendable {
    /// Nothing is there now.
    case nothing
    /// A packet of so many bytes; more than the buffer had room for when `isCut`.
    case packet(length: Int, isCut: Bool)
    /// The other end has gone.
    case end
}

extension FileDescriptor {
    /// Takes one packet out of a packet socket and appends it to `buffer`, without waiting.
    ///
    /// An empty packet and the end look alike to recv(2); `hasEnded` says which it is, from the
    /// poller's `failed`.
    public borrowing func receivePacket(
        into buffer: inout FixedBuffer, hasEnded: Bool, subject: StaticString
    ) throws(SystemError) -> ReceivedPacket {
        let descriptor = number
        var length = 0
        try unsafe buffer.appendBytes(atMost: buffer.room) {
            (target: UnsafeMutableBufferPointer<UInt8>) throws(SystemError) -> Int in
            let flags = Int32(MSG_DONTWAIT | MSG_TRUNC)
            repeat {
                length = unsafe recv(descriptor, target.baseAddress, target.count, flags)
            } while length < 0 && errno == EINTR
            if length < 0 && errno != EAGAIN { throw SystemError.last("recv", "\(subject)") }
            return max(0, min(length, target.count))
        }
        if length < 0 { return .nothing }
        if length == 0 && hasEnded { return .end }
        return .packet(length: length, isCut: length > buffer.count)
    }

    /// Sends what goes without waiting of `bytes` from `start` on. Answers how many bytes went.
    public borrowing func send(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(SystemError) -> Int {
        let descriptor = number
        let sent = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe Glibc.send(
                descriptor, source.baseAddress.map { unsafe $0 + start }, source.count - start,
                Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        if sent >= 0 { return sent }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw SystemError.last("send", "a socket")
    }
}
