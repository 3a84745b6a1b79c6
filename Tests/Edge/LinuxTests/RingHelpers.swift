import Bytes
import Linux
import RecordRing
import TestSupport
import Time
import Vitals

/// Bytes of a file for a ring of this many slots.
func ringBytes(slots: UInt64) -> UInt64 { RingGeometry(slotCount: slots).fileBytes }

/// A record that can be told from every other by its bytes.
func record(_ sequence: UInt64) -> Record {
    guard let sensor = SensorName("strap \(sequence % 5)") else {
        preconditionFailure("7 bytes are a name")
    }
    return Record(
        sequence: sequence,
        time: Moment(
            monotonicNanoseconds: Int64(sequence) * 1_000_000_000,
            wallMicroseconds: 1_700_000_000_000_000 + Int64(sequence)),
        clock: .synced, boot: BootID(high: 1, low: 2), session: 3, sensor: sensor,
        payload: .heartRate(
            HeartRateMeasurement(beatsPerMinute: UInt16(60 + sequence % 100))))
}

/// The slots of these records, one behind the other.
func slots(_ sequences: Range<UInt64>) -> [UInt8] {
    var buffer = FixedBuffer(capacity: max(1, sequences.count * Record.slotBytes))
    appendSlots(sequences, to: &buffer)
    return [UInt8](copying: buffer.bytes)
}

/// Appends the slots of these records, as an edge's caller does.
func appendSlots(_ sequences: Range<UInt64>, to buffer: inout FixedBuffer) {
    for sequence in sequences {
        let start = buffer.count
        buffer.resize(to: start + Record.slotBytes)
        var slot = buffer.mutableBytes(in: start..<start + Record.slotBytes)
        record(sequence).encode(into: &slot)
    }
}

extension RingJob {
    /// Writes these records and a head record of this generation behind them.
    func write(
        _ sequences: Range<UInt64>, generation: UInt64, sync: Bool = false
    ) -> SystemError? {
        let head = RingHead(generation: generation, head: sequences.upperBound)
        prepareWrite(first: sequences.lowerBound, head: head, sync: sync) { buffer in
            appendSlots(sequences, to: &buffer)
        }
        perform()
        return failure
    }

    /// Reads as many slots as these sequences are, from the first one on; nil when it failed.
    func read(_ sequences: Range<UInt64>) -> [UInt8]? {
        prepareRead(first: sequences.lowerBound, count: sequences.count)
        perform()
        guard failure == nil else { return nil }
        var bytes: [UInt8] = []
        withSlots { bytes = [UInt8](copying: $0) }
        return bytes
    }
}

extension RecoveredRing {
    /// Oldest and head: what is asked most.
    var range: Range<UInt64> { cursor.oldest..<cursor.head }
}
