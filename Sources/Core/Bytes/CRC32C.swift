/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected to 0x82F63B78; RFC 3720 appendix B.4).
///
/// Sixteen bytes a step through sixteen tables ("slicing"), because a record is checked on every
/// read from the card, and each step waits for the one before it. Most CPUs have an instruction
/// for it (SSE4.2 on x86_64, the CRC extension of ARMv8) that Swift cannot say: an edge may bring
/// a function that uses it.
public enum CRC32C {
    /// Computes the same checksum in another way.
    public typealias Function = @Sendable (Span<UInt8>) -> UInt32

    /// The edge's function; nil: the tables.
    ///
    /// Unsafe, because nothing orders a change with the reads: `use` is called once, at the
    /// start, before there is a second thread.
    nonisolated(unsafe) private static var hardware: Function?

    private static let tableCount = 16

    /// 16 tables of 256 entries, 16 KiB; table k advances a byte that is followed by k more.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: tableCount * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 {
                remainder = (remainder >> 1) ^ (remainder & 1 == 1 ? 0x82F6_3B78 : 0)
            }
            tables[byte] = remainder
        }
        for index in 256..<tableCount * 256 {
            let shorter = tables[index - 256]
            tables[index] = (shorter >> 8) ^ tables[Int(shorter & 0xFF)]
        }
        return tables
    }()

    /// From now on `checksum` asks `function`; with nil, the tables again. Only at the start of a
    /// process, before it has a second thread.
    @unsafe
    public static func use(_ function: Function?) {
        unsafe hardware = function
    }

    /// The checksum of `bytes`; 0xE3069283 for "123456789".
    public static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        if let hardware = unsafe hardware { return hardware(bytes) }
        return tableChecksum(bytes)
    }

    /// The same by the tables, whatever `use` has brought.
    public static func tableChecksum(_ bytes: Span<UInt8>) -> UInt32 {
        // An index into the tables is made of a constant and a byte: it needs no check.
        unsafe tables.withUnsafeBufferPointer { unsafe checksum(bytes, $0) }
    }

    private static func checksum(
        _ bytes: Span<UInt8>, _ tables: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        var index = 0
        while index + 16 <= bytes.count {
            // Only the first word waits for the step before: the others are looked up meanwhile.
            let rest =
                unsafe advance(bytes.loadUInt32(at: index + 4), by: 11, tables)
                ^ advance(bytes.loadUInt32(at: index + 8), by: 7, tables)
                ^ advance(bytes.loadUInt32(at: index + 12), by: 3, tables)
            crc = unsafe advance(bytes.loadUInt32(at: index) ^ crc, by: 15, tables) ^ rest
            index += 16
        }
        while index + 4 <= bytes.count {
            crc = unsafe advance(bytes.loadUInt32(at: index) ^ crc, by: 3, tables)
            index += 4
        }
        while index < bytes.count {
            crc = unsafe tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8)
            index += 1
        }
        return ~crc
    }

    /// Advances the four bytes of `word`, the first of which is followed by `distance` more.
    @inline(__always)
    private static func advance(
        _ word: UInt32, by distance: Int, _ tables: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        unsafe tables[distance << 8 | Int(word & 0xFF)]
            ^ tables[(distance - 1) << 8 | Int(word >> 8 & 0xFF)]
            ^ tables[(distance - 2) << 8 | Int(word >> 16 & 0xFF)]
            ^ tables[(distance - 3) << 8 | Int(word >> 24)]
    }
}
