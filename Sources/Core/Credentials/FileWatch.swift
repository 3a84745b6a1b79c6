/// Which file lies at a path and in which state, as far as the kernel says without reading it.
public struct FileStamp: Equatable, Sendable {
    /// There is none, or it cannot be looked at.
    public static let absent = FileStamp(
        device: 0, node: 0, modifiedNanoseconds: 0, byteCount: -1)

    public let device: UInt64
    public let node: UInt64
    /// Nanoseconds since 1970 by the file system's clock; only compared with itself.
    public let modifiedNanoseconds: Int64
    public let byteCount: Int64

    public init(device: UInt64, node: UInt64, modifiedNanoseconds: Int64, byteCount: Int64) {
        self.device = device
        self.node = node
        self.modifiedNanoseconds = modifiedNanoseconds
        self.byteCount = byteCount
    }
}

/// Notices that files have changed, and waits until a writer is done with them.
///
/// A file is looked at every `intervalNanoseconds`. One that has changed counts as changed when it
/// is the same at the next look, `settleNanoseconds` later: a key that is half written has half a
/// secret, which nobody can tell from a whole one.
public struct FileWatch: Equatable, Sendable {
    public static let intervalNanoseconds: Int64 = 5_000_000_000
    public static let settleNanoseconds: Int64 = 1_000_000_000

    /// The files as they were when they were read last.
    private var known: [FileStamp]
    private var changed: [FileStamp]?
    /// When to look again (monotonic nanoseconds).
    public private(set) var due: Int64

    public init() {
        known = []
        due = 0
    }

    /// Without files there is nothing to look at.
    public var isIdle: Bool { known.isEmpty }

    /// The files are being read, and were so just before.
    public mutating func note(read stamps: [FileStamp], now: Int64) {
        known = stamps
        changed = nil
        due = now + Self.intervalNanoseconds
    }

    /// Takes a look's result; answers whether the files should be read. `isPatient`: there is a
    /// key to go on with meanwhile.
    public mutating func look(_ stamps: [FileStamp], isPatient: Bool, now: Int64) -> Bool {
        guard stamps != known else {
            changed = nil
            due = now + Self.intervalNanoseconds
            return false
        }
        if !isPatient || changed == stamps {
            changed = nil
            due = now + Self.intervalNanoseconds
            return true
        }
        changed = stamps
        due = now + Self.settleNanoseconds
        return false
    }
}
