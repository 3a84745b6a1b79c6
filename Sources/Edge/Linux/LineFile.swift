public import Bytes
internal import CLinux
internal import Glibc

/// Where a file sink writes, and when it begins a new file.
public struct LineFileSettings: Sendable {
    public var path: String
    /// A file that has reached this length is renamed `PATH.1`, `PATH.1` to `PATH.2` and so on.
    public var rotateBytes: UInt64
    /// Renamed files that are kept.
    public var rotateKeep: Int
    /// Bytes of one append at most.
    public var bufferBytes: Int

    public init(path: String, rotateBytes: UInt64, rotateKeep: Int, bufferBytes: Int) {
        precondition(rotateKeep > 0 && bufferBytes > 0, "a file sink keeps and takes something")
        self.path = path
        self.rotateBytes = rotateBytes
        self.rotateKeep = rotateKeep
        self.bufferBytes = bufferBytes
    }
}

/// Appends lines to a file and syncs them, on the disk worker's thread: the `file` sink.
///
/// An append is in the file whole or not at all: what a failed one left is cut off at once. A
/// line that a power cut tore is cut off when the file is opened. Both come again from the ring.
public final class LineFile: DiskJob, @unchecked Sendable {
    // @unchecked: between `submit` and `nextFinished` the worker alone touches the job.
    public let settings: LineFileSettings
    private var file: FileDescriptor?
    /// Length up to which the file holds whole lines.
    private var length: UInt64 = 0
    private var lines: FixedBuffer
    /// What went wrong; nil when nothing did.
    public private(set) var failure: SystemError?

    public init(settings: LineFileSettings) {
        self.settings = settings
        lines = FixedBuffer(capacity: settings.bufferBytes)
    }

    /// Lets `fill` write the lines of the next append.
    public func prepare<Result>(_ fill: (inout FixedBuffer) -> Result) -> Result {
        lines.removeAll()
        return fill(&lines)
    }

    public func perform() {
        do throws(SystemError) {
            try append()
            failure = nil
        } catch {
            failure = error
            cutBack()
        }
    }

    /// Takes back what a failed append may have written. Its whole lines would come twice, and
    /// nobody who renames or reads the file is to find a piece of one. A file that cannot be cut
    /// is opened again at the next try, and then a piece at its end goes.
    private func cutBack() {
        guard let number = file?.number else { return }
        if ftruncate(number, off_t(length)) != 0 { file = nil }
    }

    private func append() throws(SystemError) {
        if isReplaced() { file = nil }
        if file != nil && length >= settings.rotateBytes {
            file = nil
            try rotate()
        }
        if file == nil { try open() }
        try write()
        length += UInt64(lines.count)
    }

    private func write() throws(SystemError) {
        guard let number = file?.number else { preconditionFailure("the file was opened above") }
        let path = settings.path
        try lines.withBytes { (bytes) throws(SystemError) in
            try FileDescriptor.write(bytes, to: number, subject: path)
        }
        try retrying("fdatasync", path) { fdatasync(number) }
    }

    /// Somebody has moved or removed the file under us (logrotate): what they took stays theirs.
    private func isReplaced() -> Bool {
        guard let number = file?.number else { return false }
        var ours = stat()
        var named = stat()
        guard unsafe fstat(number, &ours) == 0, unsafe stat(settings.path, &named) == 0 else {
            return true
        }
        return ours.st_ino != named.st_ino || ours.st_dev != named.st_dev
            || UInt64(max(0, named.st_size)) != length
    }

    private func open() throws(SystemError) {
        let path = settings.path
        let isNew = !Path.exists(path)
        if isNew { try Path.makeFolders(Path.folder(of: path)) }
        do {
            // Reading is for the last line; a file opened to append cannot be read.
            let whole = try FileDescriptor.open(path, .createReadWrite)
            length = try Self.lengthOfWholeLines(whole, path)
            if try whole.length(of: path) != length {
                try whole.truncate(to: length, subject: path)
            }
        }
        file = try FileDescriptor.open(path, .createAppend)
        if isNew { try Path.synchronizeFolder(of: path) }
    }

    /// Bytes up to and with the last line feed.
    private static func lengthOfWholeLines(
        _ file: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) -> UInt64 {
        var end = try file.length(of: path)
        var chunk = FixedBuffer(capacity: 4_096)
        while end > 0 {
            let count = min(4_096, end)
            chunk.removeAll()
            try file.read(Int(count), at: end - count, into: &chunk, subject: path)
            for index in stride(from: Int(count) - 1, through: 0, by: -1)
            where chunk.bytes[index] == UInt8(ascii: "\n") {
                return end - count + UInt64(index) + 1
            }
            end -= count
        }
        return 0
    }

    private func rotate() throws(SystemError) {
        let path = settings.path
        for number in stride(from: settings.rotateKeep, to: 1, by: -1) {
            let older = "\(path).\(number - 1)"
            if Path.exists(older) { try Path.rename(older, to: "\(path).\(number)") }
        }
        if Path.exists(path) { try Path.rename(path, to: "\(path).1") }
        try Path.synchronizeFolder(of: path)
    }
}
