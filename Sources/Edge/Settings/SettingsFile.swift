internal import Glibc

/// A settings file that could not be read.
public struct SettingsFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kept the file from being read.
    public enum Reason: Equatable, Sendable {
        /// A system call failed with this error number (errno).
        case system(Int32)
        /// The file is longer than `limit` bytes.
        case tooLong(limit: Int)
    }

    public let path: String
    public let reason: Reason

    /// `Permission denied`: what is wrong, without the path.
    public var words: String {
        switch reason {
        case .system(let number):
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
                guard let start = buffer.baseAddress,
                    unsafe strerror_r(number, start, buffer.count) == 0
                else { return "error \(number)" }
                return unsafe String(cString: start)
            }
        case .tooLong(let limit): "longer than \(limit) bytes"
        }
    }

    /// Nothing has that name.
    public var isAbsence: Bool { reason == .system(ENOENT) }

    /// `/etc/pulsegate/pulsegate.conf: Permission denied`
    public var description: String { "\(path): \(words)" }
}

/// Reading of small files as a whole.
public enum SettingsFile {
    /// Bytes that a file may have.
    public static let limit = 1 << 20

    /// All bytes of the file at `path`.
    public static func read(_ path: String) throws(SettingsFileError) -> [UInt8] {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .init(path: path, reason: .system(errno)) }
        defer { _ = Glibc.close(descriptor) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe part.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .init(path: path, reason: .system(errno)) }
            if count == 0 { return content }
            content += part[..<count]
            guard content.count <= limit else {
                throw .init(path: path, reason: .tooLong(limit: limit))
            }
        }
    }

    /// The paths of `FILE.d/*.conf` in byte order of their names; none when there is no such
    /// folder. Names that begin with a dot are left out, as a shell leaves them out.
    public static func dropIns(of path: String) throws(SettingsFileError) -> [String] {
        let folder = path + ".d"
        guard let stream = unsafe opendir(folder) else {
            let number = errno
            if number == ENOENT { return [] }
            throw .init(path: folder, reason: .system(number))
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                let number = errno
                guard number == 0 else { throw .init(path: folder, reason: .system(number)) }
                break
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name.hasSuffix(".conf") && !name.hasPrefix(".") { names.append(name) }
        }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return names.map { "\(folder)/\($0)" }
    }
}
