import Bytes

/// Where things lie in a ring file.
///
/// ```
/// byte      0   file header: what the file is, written once
///        4096   head record A     ┐ written in turn: a torn write of one
///        8192   head record B     ┘ leaves the other
///       16384   slot 0, slot 1, …
/// ```
///
/// Each part begins on its own 4 KiB page, the unit in which the kernel writes.
public struct RingGeometry: Equatable, Sendable {
    public static let pageBytes = 4096
    public static let firstSlotOffset = 16_384

    /// Slots in the file.
    public let slotCount: UInt64

    public init(slotCount: UInt64) {
        precondition(slotCount > 0, "a ring has slots")
        self.slotCount = slotCount
    }

    /// The geometry of a file of at most `bytes` bytes; nil when not even one page of slots fits.
    public init?(fileBytes bytes: UInt64) {
        let slots = bytes / UInt64(Record.slotBytes)
        let front = UInt64(Self.firstSlotOffset / Record.slotBytes)
        guard slots >= front + UInt64(Self.pageBytes / Record.slotBytes) else { return nil }
        slotCount = slots - front
    }

    /// Bytes of the whole file.
    public var fileBytes: UInt64 {
        UInt64(Self.firstSlotOffset) + slotCount * UInt64(Record.slotBytes)
    }

    /// Byte offset of the slot with this index.
    public func offset(ofSlot slot: UInt64) -> UInt64 {
        UInt64(Self.firstSlotOffset) + slot * UInt64(Record.slotBytes)
    }

    /// Byte offset of the head record of this generation: odd ones are A, even ones B.
    public static func headOffset(generation: UInt64) -> UInt64 {
        UInt64(generation % 2 == 1 ? pageBytes : 2 * pageBytes)
    }
}

/// Why a file is not a ring that this version can use.
public enum RingFormatError: Error, Equatable, Sendable {
    /// The magic is another file's.
    case notARing
    /// The header's checksum does not fit.
    case headerDamaged
    /// Made by a newer Pulsegate.
    case newerVersion(UInt32)
    /// The header says other slots than the file's length does.
    case lengthDiffers(expected: UInt64, actual: UInt64)
}

/// The file header.
///
/// ```
///  0  8  "PULSRING"
///  8  4  format version, 1
/// 12  4  bytes a slot, 128
/// 16  8  number of slots
/// 24  4  CRC-32C of bytes 0 to 23
/// ```
public struct RingHeader: Equatable, Sendable {
    public static let byteCount = 28
    public static let formatVersion: UInt32 = 1
    private static let magic: StaticString = "PULSRING"

    public let geometry: RingGeometry

    public init(geometry: RingGeometry) {
        self.geometry = geometry
    }

    /// Writes the header into the first bytes of `page`.
    @_lifetime(page: copy page)
    public func encode(into page: inout MutableSpan<UInt8>) {
        let magic = Self.magic.utf8Span
        for index in magic.indices { page[index] = magic[index] }
        page.store(Self.formatVersion, at: 8)
        page.store(UInt32(Record.slotBytes), at: 12)
        page.store(geometry.slotCount, at: 16)
        page.store(CRC32C.checksum(page.span.extracting(0..<24)), at: 24)
    }

    /// Whether these first bytes of a file of `fileBytes` bytes are zeros, or a part of the header
    /// that was being written over them when the power went: then nothing lies behind it yet.
    public static func isUnfinished(_ front: Span<UInt8>, fileBytes: UInt64) -> Bool {
        if front.isZero { return true }
        guard front.count == byteCount, let geometry = RingGeometry(fileBytes: fileBytes) else {
            return false
        }
        var whole = InlineArray<28, UInt8>(repeating: 0)
        var span = whole.mutableSpan
        RingHeader(geometry: geometry).encode(into: &span)
        var isWhole = true
        for index in front.indices where front[index] != whole[index] {
            if front[index] != 0 { return false }
            isWhole = false
        }
        return !isWhole
    }

    /// Reads the first bytes of a file of `fileBytes` bytes.
    public init(decoding page: Span<UInt8>, fileBytes: UInt64) throws(RingFormatError) {
        guard page.count >= Self.byteCount, page.extracting(0..<8).isEqual(to: Self.magic) else {
            throw .notARing
        }
        let version = page.loadUInt32(at: 8)
        guard version <= Self.formatVersion else { throw .newerVersion(version) }
        guard CRC32C.checksum(page.extracting(0..<24)) == page.loadUInt32(at: 24),
            version == Self.formatVersion, page.loadUInt32(at: 12) == UInt32(Record.slotBytes)
        else { throw .headerDamaged }
        let slots = page.loadUInt64(at: 16)
        guard slots > 0, slots < 1 << 48 else { throw .headerDamaged }
        geometry = RingGeometry(slotCount: slots)
        guard geometry.fileBytes == fileBytes else {
            throw .lengthDiffers(expected: geometry.fileBytes, actual: fileBytes)
        }
    }
}
