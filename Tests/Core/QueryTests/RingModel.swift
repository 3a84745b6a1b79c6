import Bytes
import Query
import RecordRing
import TestSupport
import Testing
import Time
import Vitals

let second: Int64 = 1_000_000
/// An hour that begins with a bucket of any length.
let hour = 1_752_598_800 * second
let device = Array("gym-7".utf8)

/// A name that fits.
func name(_ text: String) throws -> SensorName { try #require(SensorName(text)) }

/// A heart rate, recorded at these times; `boot` and `session` are small numbers.
func beat(
    _ value: UInt16, of sensor: String = "strap-1", wall: Int64, monotonic: Int64? = nil,
    boot: UInt64 = 1, session: UInt32 = 1, clock: ClockState = .synced
) throws -> Record {
    Record(
        sequence: 0,
        time: Moment(monotonicNanoseconds: (monotonic ?? wall) * 1_000, wallMicroseconds: wall),
        clock: clock, boot: BootID(high: 0, low: boot), session: session,
        sensor: try name(sensor),
        payload: .heartRate(HeartRateMeasurement(beatsPerMinute: value)))
}

/// What a sink has lost.
let exampleGap = Payload.gap(
    Gap(reason: .overwritten, count: 1, firstSequence: 0, lastSequence: 0))

func gap(wall: Int64) throws -> Record {
    var record = try beat(1, of: "cloud", wall: wall)
    record.payload = exampleGap
    return record
}

/// A ring in memory, and whoever reads it for a query.
struct RingModel {
    let slotCount: UInt64
    private(set) var slots: [[UInt8]]
    private(set) var cursor: RingCursor
    var notes = ClockNotes()
    /// Slots that the card does not give.
    var unreadable: Range<UInt64> = 0..<0
    /// Reads of the last query, and the slots in them.
    private(set) var reads = 0
    private(set) var slotsRead = 0
    /// The most bytes that lay in the buffer.
    private(set) var bytesMax = 0

    init(slotCount: UInt64) {
        self.slotCount = slotCount
        slots = Array(
            repeating: [UInt8](repeating: 0, count: Record.slotBytes), count: Int(slotCount))
        cursor = RingCursor(slotCount: slotCount, head: 0)
    }

    /// Records that can be had, oldest first.
    var records: [Record] {
        (cursor.oldest..<cursor.head).compactMap { sequence in
            let bytes = slots[Int(sequence % slotCount)]
            guard let record = try? Record(decoding: bytes.span), record.sequence == sequence
            else { return nil }
            return notes.stamped(record)
        }
    }

    mutating func append(_ record: Record) {
        var record = record
        record.sequence = cursor.claim()
        var bytes = [UInt8](repeating: 0, count: Record.slotBytes)
        var span = bytes.mutableSpan
        record.encode(into: &span)
        slots[Int(record.sequence % slotCount)] = bytes
    }

    /// A sequence that was claimed and never written.
    mutating func skip() { _ = cursor.claim() }

    /// Flips bits of a slot.
    mutating func damage(_ sequence: UInt64, byte: Int = 90, bits: UInt8 = 0xFF) {
        slots[Int(sequence % slotCount)][byte] ^= bits
    }

    /// Changes a byte and makes the checksum fit.
    mutating func rewrite(_ sequence: UInt64, byte: Int, to value: UInt8) {
        var bytes = slots[Int(sequence % slotCount)]
        bytes[byte] = value
        let checksum = CRC32C.checksum(bytes.span.extracting(4..<bytes.count))
        for index in 0..<4 {
            bytes[index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
        }
        slots[Int(sequence % slotCount)] = bytes
    }

    /// Records a heart rate a second, so many seconds after the hour.
    mutating func append(_ value: UInt16, seconds: Range<Int64>) throws {
        for offset in seconds { append(try beat(value, wall: hour + offset * second)) }
    }

    mutating func answer(_ query: RecordQuery) -> String { answer(query) { _, _ in } }

    /// The answer. `between` is called before each read and may go on recording.
    mutating func answer(
        _ query: RecordQuery, between: (inout RingModel, Int) throws -> Void
    ) rethrows -> String {
        var out = FixedBuffer(capacity: QueryRun.bufferBytes)
        var run = QueryRun()
        var text: [UInt8] = []
        reads = 0
        slotsRead = 0
        bytesMax = 0
        run.begin(query, cursor: cursor, notes: notes, device: device, into: &out)
        while true {
            text += [UInt8](copying: out.bytes)
            bytesMax = max(bytesMax, out.count)
            out.removeAll()
            try between(&self, reads)
            guard let read = run.nextRead(oldest: cursor.oldest) else { break }
            reads += 1
            slotsRead += read.count
            let sequences = read.first..<read.first + UInt64(read.count)
            if sequences.overlaps(unreadable) {
                run.takeUnreadable(from: read.first, count: read.count)
                continue
            }
            var bytes: [UInt8] = []
            for sequence in sequences { bytes += slots[Int(sequence % slotCount)] }
            run.take(bytes.span, from: read.first, into: &out)
        }
        run.finish(into: &out)
        text += [UInt8](copying: out.bytes)
        return String(decoding: text, as: UTF8.self)
    }
}

/// A query of these parameters.
func query(_ parameters: (String, String)..., now: Int64 = 0) throws -> RecordQuery {
    var query = RecordQuery()
    for (name, value) in parameters { try query.set(name, to: value, now: now) }
    return query
}

extension String {
    var lines: [String] { split(separator: "\n").map { String($0) } }
}
