import Bytes
import Linux
import RecordRing
import Time

/// Numbers as people read them in the reports of the ring's tools.
enum RingText {
    /// `1 slot`, `2 slots`.
    static func count(_ count: UInt64, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `2025-07-15T17:10:33.123456Z`.
    static func time(_ wallMicroseconds: Int64) -> String {
        var text = FixedBuffer(capacity: 64)
        text.append(timestamp: wallMicroseconds)
        return String(decoding: text.bytes)
    }

    /// The largest unit of which there are two, with one decimal from minutes on: `90.0 min`.
    static func duration(seconds: Double) -> String {
        let units = [("years", 31_557_600.0), ("days", 86_400), ("h", 3_600), ("min", 60)]
        for (name, length) in units where seconds >= 2 * length {
            return "\(oneDecimal(seconds / length)) \(name)"
        }
        return "\(Int(max(0, seconds))) s"
    }

    /// In units of 1,000, as cards are sold: `1.5 GB`.
    static func bytes(_ bytes: Double) -> String {
        let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        for (name, size) in units where bytes >= size {
            return "\(oneDecimal(bytes / size)) \(name)"
        }
        return "\(Int(max(0, bytes))) bytes"
    }

    static func percent(_ part: Double) -> String { "\(oneDecimal(100 * part)) %" }

    /// Rounded to one decimal; what is too large for that is no figure any more.
    static func oneDecimal(_ value: Double) -> String {
        guard value.magnitude < 1e15 else { return "more than 10^15" }
        let tenths = Int64((value.magnitude * 10).rounded())
        return "\(value < 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
    }

    /// `slot 17, byte 18560, sequence 17` or `slots 32 to 35, byte …, sequences 32 to 35`.
    static func place(_ finding: RingFinding, _ geometry: RingGeometry) -> String {
        let byte = geometry.offset(ofSlot: finding.firstSlot)
        let slots = range("slot", finding.firstSlot, finding.count)
        let sequences =
            finding.firstSequence.map { range("sequence", $0, finding.count) } ?? "never used"
        return "\(slots), byte \(byte), \(sequences)"
    }

    static func range(_ noun: String, _ first: UInt64, _ count: UInt64) -> String {
        count == 1 ? "\(noun) \(first)" : "\(noun)s \(first) to \(first + (count - 1))"
    }

    /// What is wrong there, in words that follow the place.
    static func fault(_ finding: RingFinding, _ geometry: RingGeometry) -> String {
        switch finding.kind {
        case .missing: return "missing: no record is there; never written, or wiped"
        case .unwritten:
            return "not written: the head record counts it, the card does not have it"
        case .torn: return "torn: it was being written when the power went"
        case .unknown(let layout, let kind): return unknown(layout: layout, kind: kind)
        case .damaged(let fault): return text(fault, finding, geometry)
        }
    }

    private static func text(
        _ fault: SlotFault, _ finding: RingFinding, _ geometry: RingGeometry
    ) -> String {
        switch fault {
        case .checksum: return "damaged: the checksum does not fit"
        case .flippedBit(let byte, let bit):
            let place = geometry.offset(ofSlot: finding.firstSlot) + UInt64(byte)
            return "damaged: bit \(bit) of byte \(place) is flipped"
        case .misplaced(let sequence):
            return "damaged: the record of sequence \(sequence), which belongs elsewhere"
        case .unknown(let layout, let kind): return unknown(layout: layout, kind: kind)
        }
    }

    private static func unknown(layout: UInt8, kind: UInt8) -> String {
        "whole, and not for this version: record layout \(layout), kind \(kind)"
    }

    /// What is wrong with how many slots.
    static func counts(_ check: RingCheck) -> String {
        let unknown =
            check.unknownCount == 0
            ? "" : ", \(count(check.unknownCount, "record")) of a newer version"
        return "\(check.damagedCount) damaged, \(check.tornCount) torn, "
            + "\(check.missingCount) missing, \(check.unwrittenCount) not written\(unknown)"
    }

    /// What is wrong with the front of the file and with its length; nil when nothing is.
    static func fault(ofFile reader: borrowing RingReader) -> String? {
        let last = reader.geometry.slotCount
        switch reader.headerFault {
        case nil: return nil
        case .notARing, .headerDamaged, .newerVersion:
            return "header, byte 0: damaged; the slots are taken to fill the file"
        case .lengthDiffers(let expected, let actual) where actual < expected:
            let first = reader.slotsInFile
            return "file: \(actual) bytes long, and its header says \(expected); "
                + "\(range("slot", first, last - first)) cut off"
        case .lengthDiffers(let expected, let actual):
            return "file: \(actual) bytes long, and its header says \(expected)"
        }
    }
}
