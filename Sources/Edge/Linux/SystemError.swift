internal import Glibc

/// A system call that failed: which one, on what, and what the kernel said.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call, as in its manual page: `open`, `fdatasync`.
    public let call: String
    /// What it was called on: a path, or the role of a descriptor.
    public let subject: String
    /// The error number (errno).
    public let number: Int32

    public init(call: String, subject: String, number: Int32) {
        self.call = call
        self.subject = subject
        self.number = number
    }

    /// There is no such file.
    public var isMissing: Bool { number == ENOENT }

    /// The error of the call that has just failed.
    static func last(_ call: String, _ subject: String) -> SystemError {
        SystemError(call: call, subject: subject, number: errno)
    }

    /// `open /var/lib/pulsegate/ring: Permission denied (errno 13)`
    public var description: String {
        "\(call) \(subject): \(reason) (errno \(number))"
    }

    /// The kernel's words for the number.
    public var reason: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress else { return "error \(number)" }
            guard unsafe strerror_r(number, start, buffer.count) == 0 else {
                return "error \(number)"
            }
            return unsafe String(cString: start)
        }
    }
}

/// Calls again while a signal interrupts (EINTR); throws the error of any other failure.
@discardableResult
func retrying<Result: SignedInteger>(
    _ call: String, _ subject: @autoclosure () -> String, _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        if errno != EINTR { throw SystemError.last(call, subject()) }
    }
}
