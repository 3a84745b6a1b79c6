internal import Bytes
internal import CLinux
internal import Glibc

extension FileDescriptor {
    /// Length of the file in bytes.
    public borrowing func length(of path: String) throws(SystemError) -> UInt64 {
        var status = stat()
        let descriptor = number
        try retrying("fstat", path) { unsafe fstat(descriptor, &status) }
        return UInt64(max(0, status.st_size))
    }

    /// Which file it is, whatever it is called now.
    borrowing func identity(of path: String) throws(SystemError) -> FileIdentity {
        var status = stat()
        let descriptor = number
        try retrying("fstat", path) { unsafe fstat(descriptor, &status) }
        return FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    }

    /// Makes this descriptor one of the file that `other` has open, with its lock, in one step:
    /// whoever uses the number does not notice (dup3(2)).
    borrowing func become(
        _ other: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) {
        let (old, new) = (other.number, number)
        try retrying("dup3", path) { pulsegate_replace_descriptor(old, new) }
    }

    /// Writes all of `bytes` at `offset`.
    borrowing func write(
        _ bytes: Span<UInt8>, at offset: UInt64, subject: String
    ) throws(SystemError) {
        let descriptor = number
        var done = 0
        while done < bytes.count {
            let start = done
            done += try unsafe bytes.withUnsafeBufferPointer {
                (source: UnsafeBufferPointer<UInt8>) throws(SystemError) -> Int in
                try retrying("pwrite", subject) {
                    unsafe pwrite(
                        descriptor, source.baseAddress.map { unsafe $0 + start },
                        source.count - start, off_t(offset) + off_t(start))
                }
            }
        }
    }

    /// Appends `length` bytes from `offset` to `buffer`; a file that ends earlier is an error.
    borrowing func read(
        _ length: Int, at offset: UInt64, into buffer: inout FixedBuffer, subject: String
    ) throws(SystemError) {
        let descriptor = number
        var left = length
        while left > 0 {
            let place = off_t(offset) + off_t(length - left)
            let before = buffer.count
            try unsafe buffer.appendBytes(atMost: left) {
                (target: UnsafeMutableBufferPointer<UInt8>) throws(SystemError) -> Int in
                try retrying("pread", subject) {
                    unsafe pread(descriptor, target.baseAddress, target.count, place)
                }
            }
            guard buffer.count > before else {
                throw SystemError(call: "pread", subject: subject, number: ENODATA)
            }
            left -= buffer.count - before
        }
    }

    /// Waits until the file's bytes are on the medium (fdatasync(2)).
    borrowing func synchronize(_ path: String) throws(SystemError) {
        let descriptor = number
        try retrying("fdatasync", path) { fdatasync(descriptor) }
    }

    /// Gives up the system's copy of what has been synced, so that reads ask the medium
    /// (posix_fadvise(2); where a file system cannot, they see the copy).
    borrowing func forgetCached(_ path: String) throws(SystemError) {
        let result = posix_fadvise(number, 0, 0, POSIX_FADV_DONTNEED)
        // Unlike other calls, it answers with the error itself.
        if result != 0 {
            throw SystemError(call: "posix_fadvise", subject: path, number: result)
        }
    }

    borrowing func truncate(to length: UInt64, subject: String) throws(SystemError) {
        let descriptor = number
        try retrying("ftruncate", subject) { ftruncate(descriptor, off_t(length)) }
    }

    /// Takes the lock that one process can have on a file; false when another one has it.
    borrowing func lock(_ path: String) throws(SystemError) -> Bool {
        if flock(number, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw SystemError.last("flock", path)
    }

    /// Gives the lock back now. Closing alone gives it back with the last copy of the descriptor,
    /// and a process that another thread is just starting has one for a moment.
    borrowing func unlock() { _ = flock(number, LOCK_UN) }
}

/// A file, whatever its name: two names with one identity are one file (stat(2)).
struct FileIdentity: Equatable {
    let device: UInt64
    let node: UInt64
}

/// The few things done to paths.
public enum Path {
    /// The folder that holds `path`.
    public static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes the folder `path` and those above it (mode 0750), unless they are there. The folder
    /// that a new one lies in is synced: a ring that survives a power cut needs its folder to.
    public static func makeFolders(_ path: String) throws(SystemError) {
        if unsafe access(path, F_OK) == 0 { return }
        let parent = folder(of: path)
        if parent != path && parent != "." { try makeFolders(parent) }
        if unsafe mkdir(path, 0o750) != 0 {
            guard errno == EEXIST else { throw SystemError.last("mkdir", path) }
            return
        }
        try synchronizeFolder(of: path)
    }

    /// Which file lies at `path` now; nil for none.
    static func identity(of path: String) throws(SystemError) -> FileIdentity? {
        var status = stat()
        if unsafe stat(path, &status) == 0 {
            return FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
        }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw SystemError.last("stat", path)
    }

    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Gives the file another name, replacing one that has it.
    static func rename(_ old: String, to new: String) throws(SystemError) {
        if unsafe Glibc.rename(old, new) != 0 { throw SystemError.last("rename", old) }
    }

    public static func remove(_ path: String) throws(SystemError) {
        if unsafe unlink(path) != 0 && errno != ENOENT { throw SystemError.last("unlink", path) }
    }

    /// Makes a new or renamed name survive a power cut: the folder itself is synced.
    static func synchronizeFolder(of path: String) throws(SystemError) {
        let parent = folder(of: path)
        let descriptor = try FileDescriptor.open(parent, .readOnly)
        let number = descriptor.number
        try retrying("fsync", parent) { fsync(number) }
    }

    /// A new folder of this process's own under $TMPDIR or /tmp.
    public static func makeTemporaryFolder(prefix: String) throws(SystemError) -> String {
        var parent = "/tmp"
        if let variable = unsafe getenv("TMPDIR") { parent = unsafe String(cString: variable) }
        var template = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe mkdtemp(start) != nil
        }
        guard made else { throw SystemError.last("mkdtemp", parent) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Reads a whole file of at most `limit` bytes.
    public static func contents(
        of path: String, atMost limit: Int
    ) throws(SystemError) -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        var buffer = FixedBuffer(capacity: 65_536)
        var contents: [UInt8] = []
        // A list that grows takes up to twice its size; what has no length (/proc) is small.
        contents.reserveCapacity(Int(min(try file.length(of: path), UInt64(max(0, limit)))))
        while true {
            buffer.removeAll()
            guard let count = try file.read(atMost: 65_536, into: &buffer, subject: path),
                count > 0
            else { return contents }
            unsafe buffer.bytes.withUnsafeBufferPointer { unsafe contents.append(contentsOf: $0) }
            if contents.count > limit {
                throw SystemError(call: "read", subject: path, number: EFBIG)
            }
        }
    }
}
