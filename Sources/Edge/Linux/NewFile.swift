public import Bytes
internal import Glibc

/// A file that is made by this process, written once and synced at the end. It takes the place of
/// no other file unless that is asked for, and then only when it is complete.
public struct NewFile: ~Copyable {
    private let file: FileDescriptor
    private let path: String
    /// Where it is written: beside `path` while another file is there.
    private let writtenPath: String
    /// What has not been written yet. Whoever appends calls `flushWhenFull` behind each line.
    public var lines = FixedBuffer(capacity: bufferBytes)

    private static let bufferBytes = 256 << 10
    /// Bytes of the longest line: 4 KiB hold a record as JSON and a head record in hexadecimal.
    public static let lineBytesMax = 4_096

    /// Begins the file at `path`. Without `replacing` a file that is there is an error (EEXIST).
    public static func create(
        _ path: String, replacing: Bool = false
    ) throws(SystemError) -> NewFile {
        let isInPlace = !(replacing && Path.exists(path))
        let writtenPath = isInPlace ? path : "\(path).partial"
        if !isInPlace { try Path.remove(writtenPath) }
        let file = try FileDescriptor.open(writtenPath, .createNewReadWrite)
        return NewFile(file: file, path: path, writtenPath: writtenPath)
    }

    private init(file: consuming FileDescriptor, path: String, writtenPath: String) {
        self.file = file
        self.path = path
        self.writtenPath = writtenPath
    }

    /// Makes room for one more line.
    public mutating func flushWhenFull() throws(SystemError) {
        if lines.room < Self.lineBytesMax { try flush() }
    }

    private mutating func flush() throws(SystemError) {
        precondition(!lines.overflowed, "a line has 4 KiB at most")
        try file.write(lines.bytes, subject: writtenPath)
        lines.removeAll()
    }

    /// Writes the rest and syncs the file and its name.
    public mutating func finish() throws(SystemError) {
        try flush()
        try file.synchronize(writtenPath)
        if writtenPath != path { try Path.rename(writtenPath, to: path) }
        try Path.synchronizeFolder(of: path)
    }

    /// Takes back what was written: the file was not finished.
    public func abandon() throws(SystemError) {
        try Path.remove(writtenPath)
    }
}
