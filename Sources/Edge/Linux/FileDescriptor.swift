public import Bytes
internal import CLinux
internal import Glibc

/// A kernel object that this value owns: closed when the value ends, never twice.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow it.
    public let number: Int32

    /// Takes over a descriptor that nobody else will close.
    public init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is a small number, not an error")
        self.number = number
    }

    deinit { _ = Glibc.close(number) }

    /// How a file is opened.
    public enum Mode: Sendable {
        case readOnly, readWrite, createReadWrite, createAppend, createNewReadWrite

        fileprivate var flags: Int32 {
            switch self {
            case .readOnly: O_RDONLY
            case .readWrite: O_RDWR
            case .createReadWrite: O_RDWR | O_CREAT
            case .createAppend: O_WRONLY | O_CREAT | O_APPEND
            case .createNewReadWrite: O_RDWR | O_CREAT | O_EXCL
            }
        }
    }

    /// Opens the file at `path`; a new one is readable and writable by its owner and readable by
    /// the group (mode 0640): health data is nobody else's business.
    public static func open(_ path: String, _ mode: Mode) throws(SystemError) -> FileDescriptor {
        let number = try retrying("open", path) {
            unsafe pulsegate_open(path, mode.flags | O_CLOEXEC, 0o640)
        }
        return FileDescriptor(owning: number)
    }

    /// Reads what is there, at most `length` bytes, and appends it to `buffer`. Answers the
    /// number of bytes, 0 at the end, nil when a non-blocking descriptor has nothing now.
    public borrowing func read(
        atMost length: Int, into buffer: inout FixedBuffer, subject: String
    ) throws(SystemError) -> Int? {
        try Self.read(from: number, atMost: length, into: &buffer, subject: subject)
    }

    /// The same from a descriptor that somebody else owns: standard input, above all.
    public static func read(
        from number: Int32, atMost length: Int, into buffer: inout FixedBuffer, subject: String
    ) throws(SystemError) -> Int? {
        var got: Int? = 0
        try unsafe buffer.appendBytes(atMost: length) {
            (target: UnsafeMutableBufferPointer<UInt8>) throws(SystemError) -> Int in
            while true {
                let result = unsafe Glibc.read(number, target.baseAddress, target.count)
                if result >= 0 {
                    got = result
                    return result
                }
                if errno == EAGAIN {
                    got = nil
                    return 0
                }
                if errno != EINTR { throw SystemError.last("read", subject) }
            }
        }
        return got
    }

    /// Writes all of `bytes` at the descriptor's own position.
    public borrowing func write(_ bytes: Span<UInt8>, subject: String) throws(SystemError) {
        try Self.write(bytes, to: number, subject: subject)
    }

    /// The same for a descriptor that somebody else owns: standard output, above all.
    public static func write(
        _ bytes: Span<UInt8>, to number: Int32, subject: String
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let start = done
            done += try unsafe bytes.withUnsafeBufferPointer {
                (source: UnsafeBufferPointer<UInt8>) throws(SystemError) -> Int in
                try retrying("write", subject) {
                    unsafe Glibc.write(
                        number, source.baseAddress.map { unsafe $0 + start },
                        source.count - start)
                }
            }
        }
    }
}
