internal import Bytes
internal import Glibc
public import RecordRing

/// Why a ring file cannot be used.
public enum RingFileError: Error, Equatable, Sendable, CustomStringConvertible {
    case system(SystemError)
    case format(path: String, RingFormatError)
    /// Another process has the ring open.
    case locked(path: String)
    /// The size asked for is too small for a ring.
    case tooSmall(path: String, bytes: UInt64)

    public var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .locked(let path):
            "\(path): another pulsegate uses this ring; stop it (systemctl stop pulsegate) or "
                + "choose another data folder"
        case .tooSmall(let path, let bytes):
            "\(path): a ring of \(bytes) bytes holds no record; take 1MiB or more"
        case .format(let path, .notARing):
            "\(path): not a ring file; move it away or choose another data folder"
        case .format(let path, .headerDamaged):
            "\(path): the ring's header is damaged; mend it with `pulsegate ring fsck --repair`, "
                + "or move the file away to begin a new one"
        case .format(let path, .newerVersion(let version)):
            "\(path): written by a newer pulsegate (ring format \(version), this one reads "
                + "\(RingHeader.formatVersion)); install that version again"
        case .format(let path, .lengthDiffers(let expected, let actual)):
            "\(path): \(actual) bytes long, and its header says \(expected); the file was cut "
                + "or copied incompletely; mend it with `pulsegate ring fsck --repair`, or move "
                + "it away to begin a new one"
        }
    }
}

/// The preallocated file that holds the ring. It knows where bytes go, and nothing of when.
///
/// After `open`, only jobs on the disk worker's thread touch the descriptor.
public final class RingFile: Sendable {
    let descriptor: FileDescriptor
    public let path: String
    public let geometry: RingGeometry

    private init(descriptor: consuming FileDescriptor, path: String, geometry: RingGeometry) {
        self.descriptor = descriptor
        self.path = path
        self.geometry = geometry
    }

    deinit { descriptor.unlock() }

    /// Opens the ring at `path` and takes its lock; makes a new one of at most `bytes` bytes when
    /// there is none. An existing ring keeps its size.
    public static func open(_ path: String, bytes: UInt64) throws(RingFileError) -> RingFile {
        let descriptor = try system { () throws(SystemError) in
            try FileDescriptor.open(path, .createReadWrite)
        }
        let isOurs = try system { () throws(SystemError) in try descriptor.lock(path) }
        guard isOurs else { throw .locked(path: path) }
        let geometry: RingGeometry
        do throws(RingFileError) {
            try layUnlessThere(descriptor, path, bytes: bytes)
            geometry = try Self.geometry(of: descriptor, path)
        } catch {
            descriptor.unlock()
            throw error
        }
        return RingFile(descriptor: descriptor, path: path, geometry: geometry)
    }

    /// Makes a blank file a ring. A disk that has no room for it is not left full.
    private static func layUnlessThere(
        _ descriptor: borrowing FileDescriptor, _ path: String, bytes: UInt64
    ) throws(RingFileError) {
        do throws(SystemError) {
            guard try isBlank(descriptor, path) else { return }
        } catch {
            throw .system(error)
        }
        guard let geometry = RingGeometry(fileBytes: bytes) else {
            throw .tooSmall(path: path, bytes: bytes)
        }
        do throws(SystemError) {
            try lay(geometry, in: descriptor, path)
        } catch {
            _ = ftruncate(descriptor.number, 0)
            throw .system(error)
        }
    }

    /// What the header says.
    static func geometry(
        of descriptor: borrowing FileDescriptor, _ path: String
    ) throws(RingFileError) -> RingGeometry {
        var page = FixedBuffer(capacity: RingHeader.byteCount)
        let length: UInt64
        do throws(SystemError) {
            length = try descriptor.length(of: path)
            let count = Int(min(length, UInt64(RingHeader.byteCount)))
            try descriptor.read(count, at: 0, into: &page, subject: path)
        } catch {
            throw .system(error)
        }
        do throws(RingFormatError) {
            return try RingHeader(decoding: page.bytes, fileBytes: length).geometry
        } catch {
            throw .format(path: path, error)
        }
    }

    private static func system<Result: ~Copyable>(
        _ body: () throws(SystemError) -> Result
    ) throws(RingFileError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw .system(error)
        }
    }

    /// New, or left by a power cut while it was being laid: there is not one byte in it, but for
    /// some of the header perhaps. The header comes last, so a file with records always has one.
    private static func isBlank(
        _ descriptor: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) -> Bool {
        let length = try descriptor.length(of: path)
        var chunk = FixedBuffer(capacity: chunkBytes)
        var offset: UInt64 = 0
        while offset < length {
            chunk.removeAll()
            let count = Int(min(UInt64(chunkBytes), length - offset))
            try descriptor.read(count, at: offset, into: &chunk, subject: path)
            let front = offset == 0 ? min(count, RingHeader.byteCount) : 0
            guard RingHeader.isUnfinished(chunk.bytes.extracting(0..<front), fileBytes: length)
            else { return false }
            for index in front..<count where chunk.bytes[index] != 0 { return false }
            offset += UInt64(count)
        }
        return true
    }

    /// Writes zeros over the whole length once, so that later writes change no metadata and find
    /// no full disk; then the header.
    private static func lay(
        _ geometry: RingGeometry, in descriptor: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) {
        try writeZeros(in: descriptor, path, from: 0, to: geometry.fileBytes)
        try descriptor.truncate(to: geometry.fileBytes, subject: path)
        try descriptor.synchronize(path)
        try writeHeader(geometry, in: descriptor, path)
        try descriptor.synchronize(path)
        try Path.synchronizeFolder(of: path)
    }

    static func writeZeros(
        in descriptor: borrowing FileDescriptor, _ path: String, from start: UInt64,
        to end: UInt64
    ) throws(SystemError) {
        var chunk = FixedBuffer(capacity: chunkBytes)
        chunk.resize(to: chunkBytes)
        var offset = start
        while offset < end {
            let count = Int(min(UInt64(chunkBytes), end - offset))
            try descriptor.write(
                chunk.bytes.extracting(0..<count), at: offset, subject: path)
            offset += UInt64(count)
        }
    }

    static func writeHeader(
        _ geometry: RingGeometry, in descriptor: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) {
        var page = FixedBuffer(capacity: RingHeader.byteCount)
        page.resize(to: RingHeader.byteCount)
        var bytes = page.mutableBytes(in: 0..<RingHeader.byteCount)
        RingHeader(geometry: geometry).encode(into: &bytes)
        try descriptor.write(page.bytes, at: 0, subject: path)
    }

    /// Finds out what the ring holds: reads a small ring as a whole and of a big one some hundred
    /// places (`RingSearch`), in chunks, so that a larger ring needs no more memory.
    ///
    /// Before it believes anything, what an earlier process wrote and did not sync is synced, and
    /// the system's copy of the file is given up: after a failed sync it may hold records that the
    /// card never got.
    public func recover() throws(SystemError) -> RecoveredRing {
        try recover(settings: RingSearch.Settings())
    }

    func recover(settings: RingSearch.Settings) throws(SystemError) -> RecoveredRing {
        try descriptor.synchronize(path)
        try descriptor.forgetCached(path)
        var search = RingSearch(geometry: geometry, settings: settings)
        var chunk = FixedBuffer(capacity: Int(settings.readSlots) * Record.slotBytes)
        while let read = search.nextRead {
            chunk.removeAll()
            do throws(SystemError) {
                try descriptor.read(
                    read.byteCount, at: read.offset, into: &chunk, subject: path)
                search.take(chunk.bytes)
            } catch {
                // A bad sector costs the records in it, not the ring.
                guard error.number == EIO else { throw error }
                search.takeUnreadable()
            }
        }
        guard let found = search.found else {
            preconditionFailure("a search that asks for nothing has an answer")
        }
        return found
    }

    static let chunkBytes = 256 << 10
}
