internal import CLinux
internal import Glibc

/// Which file lies at a path, in which state, and who may read it (stat(2)).
public struct FileState: Equatable, Sendable {
    public let device: UInt64
    public let node: UInt64
    /// Nanoseconds since 1970.
    public let modifiedNanoseconds: Int64
    public let byteCount: Int64
    /// Its group or everybody may read it.
    public let isReadableByOthers: Bool
    let isRegular: Bool

    /// nil when there is none or it cannot be looked at.
    public init?(of path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        node = UInt64(status.st_ino)
        modifiedNanoseconds =
            Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        byteCount = Int64(status.st_size)
        isReadableByOthers = status.st_mode & (S_IRGRP | S_IROTH) != 0
        isRegular = status.st_mode & S_IFMT == S_IFREG
    }
}

/// Small files that may have secrets in them, read or only looked at by the disk worker: the card
/// may take seconds.
public final class FileLook: DiskJob, @unchecked Sendable {
    // @unchecked: between `submit` and `nextFinished` the worker alone touches the job.

    /// One file and what came of it.
    public struct Entry {
        public let path: String
        /// Before it was read; nil when there is none.
        public let state: FileState?
        /// nil when it was only looked at.
        public let content: Result<[UInt8], SystemError>?
    }

    /// Bytes of a file at most: a credentials file with a few hundred profiles.
    public static let bytesMax = 1 << 20

    private let paths: [String]
    /// The files are read.
    public let reads: Bool
    public private(set) var entries: [Entry] = []

    public init(_ paths: [String], reads: Bool) {
        self.paths = paths
        self.reads = reads
    }

    public func perform() {
        entries = paths.map { path in
            let state = FileState(of: path)
            return Entry(path: path, state: state, content: reads ? read(path, state) : nil)
        }
    }

    private func read(_ path: String, _ state: FileState?) -> Result<[UInt8], SystemError> {
        // To open a pipe waits for whoever writes to it.
        if let state, !state.isRegular {
            return .failure(SystemError(call: "open", subject: path, number: EINVAL))
        }
        do throws(SystemError) {
            return .success(try Path.contents(of: path, atMost: Self.bytesMax))
        } catch {
            return .failure(error)
        }
    }
}
