internal import CLinux
internal import Glibc

/// What happened to a descriptor.
public struct Readiness: Equatable, Sendable {
    /// The number that the descriptor was added with.
    public let token: UInt64
    public let readable: Bool
    public let writable: Bool
    /// The other end has gone, or the descriptor is in error: a read or write says which.
    public let failed: Bool
}

/// The one place where the program waits (epoll, level-triggered).
@safe
public struct Poller: ~Copyable {
    /// Events taken from the kernel at a time; more are taken at the next wait.
    private static let batch = 32

    private let descriptor: FileDescriptor
    private let events: UnsafeMutablePointer<epoll_event>

    public init() throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try retrying("epoll_create1", "poller") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        unsafe events = .allocate(capacity: Self.batch)
    }

    deinit { unsafe events.deallocate() }

    /// The poller's own number: readable when one of its descriptors is, so pollers nest.
    public var number: Int32 { descriptor.number }

    /// Watches `number`, or changes what is watched for.
    public func set(
        _ number: Int32, token: UInt64, readable: Bool, writable: Bool
    ) throws(SystemError) {
        let flags =
            (readable ? UInt32(PULSEGATE_READABLE) : 0)
            | (writable ? UInt32(PULSEGATE_WRITABLE) : 0)
        if pulsegate_epoll_control(descriptor.number, EPOLL_CTL_MOD, number, flags, token) == 0 {
            return
        }
        try retrying("epoll_ctl", "descriptor \(number)") {
            pulsegate_epoll_control(descriptor.number, EPOLL_CTL_ADD, number, flags, token)
        }
    }

    /// Stops watching `number`. One that was closed or never added is as good as removed.
    public func remove(_ number: Int32) {
        _ = pulsegate_epoll_control(descriptor.number, EPOLL_CTL_DEL, number, 0, 0)
    }

    /// Waits until something happens or `timeoutNanoseconds` have passed (nil: for ever), then
    /// hands over each event. An interrupting signal ends the wait with no event.
    public mutating func wait(
        timeoutNanoseconds: Int64?, _ body: (Readiness) -> Void
    ) throws(SystemError) {
        // Rounded up: a wait that ends early would be repeated with nothing to do.
        let milliseconds = timeoutNanoseconds.map { nanoseconds in
            let (whole, rest) = max(0, nanoseconds).quotientAndRemainder(dividingBy: 1_000_000)
            return Int32(clamping: whole + (rest > 0 ? 1 : 0))
        }
        let result = unsafe epoll_wait(
            descriptor.number, events, Int32(Self.batch), milliseconds ?? -1)
        if result < 0 {
            if errno == EINTR { return }
            throw SystemError.last("epoll_wait", "poller")
        }
        for index in 0..<Int(result) {
            let event = unsafe events + index
            let flags = unsafe event.pointee.events
            body(
                Readiness(
                    token: unsafe pulsegate_epoll_token(event),
                    readable: flags & UInt32(PULSEGATE_READABLE) != 0,
                    writable: flags & UInt32(PULSEGATE_WRITABLE) != 0,
                    failed: flags & UInt32(PULSEGATE_FAILED) != 0))
        }
    }
}
