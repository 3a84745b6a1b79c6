import Bytes

/// Why the bytes of a slot are no record that can be read.
public enum SlotFault: Equatable, Sendable {
    /// The checksum does not fit: a torn write or a damaged card.
    case checksum
    /// The checksum would fit if this one bit were the other way round. A torn write changes
    /// more than a bit, so the record was whole once and the card has lost it.
    case flippedBit(byte: Int, bit: Int)
    /// A whole record, and this is not the slot of its sequence.
    case misplaced(sequence: UInt64)
    /// The checksum fits and this version cannot read what is there: a newer one wrote it.
    case unknown(layout: UInt8, kind: UInt8)
}

/// What lies in one slot of a ring file, looked at by itself.
public enum SlotContent: Equatable, Sendable {
    /// 128 zeros: never written.
    case empty
    /// A whole record in its own place; it may be of an earlier round of the ring.
    case record(Record)
    case unreadable(SlotFault)

    /// Judges the 128 bytes of the slot with this index.
    public init(of bytes: Span<UInt8>, slot: UInt64, geometry: RingGeometry) {
        do throws(RecordError) {
            let record = try Record(decoding: bytes)
            let isInPlace =
                record.sequence < RingCursor.sequenceLimit
                && record.sequence % geometry.slotCount == slot
            self =
                isInPlace
                ? .record(record) : .unreadable(.misplaced(sequence: record.sequence))
        } catch {
            switch error {
            case .empty: self = .empty
            case .checksum: self = .unreadable(FlippedBit.find(in: bytes) ?? .checksum)
            case .layoutVersion, .unknownKind, .field:
                self = .unreadable(.unknown(layout: bytes[4], kind: bytes[5]))
            }
        }
    }

    /// Whether the bytes are all there: zeros, or a checksum that fits. A slot that is read while
    /// a gateway writes it may be half old and half new; the next look finds it settled.
    public static func isSettled(_ bytes: Span<UInt8>) -> Bool {
        CRC32C.checksum(bytes.extracting(4..<Record.slotBytes)) == bytes.loadUInt32(at: 0)
            || bytes.isZero
    }
}

/// Finds the one wrong bit of a slot.
///
/// A CRC is linear: a flipped bit changes the difference between the checksum that is stored and
/// the one that is computed by a value that depends on its place alone. CRC-32C tells all 1,024
/// places of a slot apart (its Hamming distance is 6 up to 5,243 bits; P. Koopman, "32-Bit Cyclic
/// Redundancy Codes for Internet Applications", DSN 2002).
private enum FlippedBit {
    /// The difference that each bit of a slot makes, by 8 × byte + bit.
    private static let differences: [UInt32] = {
        var slot = [UInt8](repeating: 0, count: Record.slotBytes)
        let untouched = CRC32C.checksum(slot.span.extracting(4..<Record.slotBytes))
        var differences: [UInt32] = []
        for place in 0..<8 * Record.slotBytes {
            if place < 32 {
                differences.append(1 << UInt32(place))
                continue
            }
            slot[place / 8] = 1 << UInt8(place % 8)
            let checksum = CRC32C.checksum(slot.span.extracting(4..<Record.slotBytes))
            differences.append(checksum ^ untouched)
            slot[place / 8] = 0
        }
        return differences
    }()

    /// The flipped bit; nil when no single bit explains the checksum.
    static func find(in slot: Span<UInt8>) -> SlotFault? {
        let computed = CRC32C.checksum(slot.extracting(4..<Record.slotBytes))
        guard let place = differences.firstIndex(of: computed ^ slot.loadUInt32(at: 0)) else {
            return nil
        }
        return .flippedBit(byte: place / 8, bit: place % 8)
    }
}
