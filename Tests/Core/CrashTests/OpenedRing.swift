import Bytes
import Foundation
import Gateway
import RecordRing
import TestSupport
import Time
import Uplink

/// How a ring is opened; what is not `sound` is a defect that the checks have to see.
enum Opening {
    case sound
    /// The head is where the head record says it is.
    case believesThePointer
    /// A slot's checksum is not looked at.
    case believesEverySlot
}

/// A ring file that is opened after a cut, as `RingFile` and the session do it.
struct OpenedRing {
    static let device = [UInt8]("gym-7".utf8)
    let bytes: [UInt8]
    let geometry: RingGeometry
    let found: RecoveredRing
    let cursor: RingCursor
    let opening: Opening

    init(_ bytes: [UInt8], geometry: RingGeometry, opening: Opening = .sound) {
        self.bytes = bytes
        self.geometry = geometry
        self.opening = opening
        found = Self.search(bytes, RingSearch(geometry: geometry))
        cursor = opening == .believesThePointer ? Self.byPointer(found, geometry) : found.cursor
    }

    /// Carries a search out.
    static func search(_ bytes: [UInt8], _ search: RingSearch) -> RecoveredRing {
        var search = search
        while let read = search.nextRead {
            let start = Int(read.offset)
            search.take(bytes.span.extracting(start..<start + read.byteCount))
        }
        guard let found = search.found else { preconditionFailure("a search finds something") }
        return found
    }

    private static func byPointer(
        _ found: RecoveredRing, _ geometry: RingGeometry
    ) -> RingCursor {
        let head = found.head?.head ?? 0
        let oldest = head > geometry.slotCount ? head - geometry.slotCount : 0
        return RingCursor(slotCount: geometry.slotCount, oldest: oldest, head: head)
    }

    /// The slot in which `sequence` lies, whatever is in it.
    func slot(of sequence: UInt64) -> ArraySlice<UInt8> {
        let start = Int(geometry.offset(ofSlot: sequence % geometry.slotCount))
        return bytes[start..<start + Record.slotBytes]
    }

    /// The record with this sequence, if it is whole and in its place.
    func isReadable(_ sequence: UInt64) -> Bool {
        let start = Int(geometry.offset(ofSlot: sequence % geometry.slotCount))
        let slot = bytes.span.extracting(start..<start + Record.slotBytes)
        do throws(RecordError) {
            return try Record(decoding: slot).sequence == sequence
        } catch {
            return false
        }
    }

    /// Appends the slots of a row of sequences to an empty buffer, as `RingJob` reads them.
    func read(first: UInt64, count: Int, into buffer: inout FixedBuffer) {
        let pieces = RingPieces(geometry: geometry, first: first, count: count)
        for index in 0..<pieces.count {
            let start = Int(pieces[index].offset)
            buffer.append(bytes.span.extracting(start..<start + pieces[index].bytes.count))
        }
        if opening == .believesEverySlot { Self.seal(&buffer) }
    }

    private static func seal(_ buffer: inout FixedBuffer) {
        for start in stride(from: 0, to: buffer.count, by: Record.slotBytes) {
            var slot = buffer.mutableBytes(in: start..<start + Record.slotBytes)
            slot.store(CRC32C.checksum(slot.span.extracting(4..<Record.slotBytes)), at: 0)
        }
    }

    /// What the sinks are given by a gateway that goes on with this ring, when every one of them
    /// takes everything.
    struct Delivery {
        /// By sink: lines of JSON with the sequence that each of them names.
        var lines: [[(sequence: UInt64, text: [UInt8])]]
        /// By sink: records counted as lost, and those of them that no gap record has said.
        var lost: [UInt64]
        var unsaid: [UInt64]
        /// By sink: records that were for others.
        var passed: [UInt64] = []
        /// The next sequence: gap records were added.
        var head: UInt64
    }

    /// Runs the gateway until everything is delivered.
    func deliver(to sinks: [SinkSettings]) -> Delivery {
        var delivery = Delivery(
            lines: sinks.map { _ in [] }, lost: [], unsaid: [], head: 0)
        var gateway = Gateway(
            settings: GatewaySettings(
                device: Self.device, boot: BootID(high: 0, low: 1), session: 0, sensors: [],
                sinks: sinks, windowRecords: 256, seed: 1),
            cursor: cursor, head: found.head, now: 0)
        var slots = FixedBuffer(capacity: Limits.readRecords * Record.slotBytes)
        var request = FixedBuffer(capacity: 100 * 1_024)
        gateway.drain()
        var turns = 0
        while let action = gateway.nextAction(now: 0) {
            turns += 1
            precondition(turns < 100_000, "a gateway comes to an end")
            switch action {
            case .alarm, .report: break
            case .writeRing: gateway.ringWritten(now: 0)
            case .readRing(let first, let count):
                slots.removeAll()
                read(first: first, count: count, into: &slots)
                gateway.ringRead(slots.bytes)
            case .send(let sink):
                _ = gateway.encode(sink: sink, into: &request, now: 0)
                Self.split(request.bytes, into: &delivery.lines[sink])
                gateway.sinkDelivered(sink: sink, now: 0)
            }
        }
        precondition(gateway.isDrained, "a gateway stops when everything is delivered")
        delivery.lost = gateway.sinks.map { $0.queue.lost }
        delivery.unsaid = gateway.sinks.map { $0.unsaidLosses }
        delivery.passed = gateway.sinks.map { $0.queue.passed }
        delivery.head = gateway.cursor.head
        return delivery
    }

    private static func split(
        _ request: Span<UInt8>, into lines: inout [(sequence: UInt64, text: [UInt8])]
    ) {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        for index in request.indices {
            line.append(request[index])
            if request[index] == UInt8(ascii: "\n") {
                lines.append((sequence(in: line), line))
                line.removeAll(keepingCapacity: true)
            }
        }
    }

    /// The number behind `"seq":`.
    static func sequence(in line: [UInt8]) -> UInt64 {
        number(in: line, behind: Self.sequenceKey)
    }

    private static let sequenceKey = [UInt8]("\"seq\":".utf8)
    /// What a gap record says.
    struct GapLine {
        /// It is about the sink that was asked for.
        let isOurs: Bool
        let reason: Substring
        let count: UInt64
        let first: UInt64
        let last: UInt64
    }

    /// What the line says, if it is a gap record; nil: the line is a measurement.
    static func gap(in line: [UInt8], of sink: SensorName) -> GapLine? {
        let text = String(decoding: line, as: UTF8.self)
        guard text.contains("\"event\":\"gap\"") else { return nil }
        let name = String(decoding: sink.bytes)
        let behind = text.components(separatedBy: "\"reason\":\"")
        return GapLine(
            isOurs: text.contains("\"sink\":\"\(name)\""),
            reason: behind.last?.prefix { $0 != "\"" } ?? "",
            count: number(in: line, behind: [UInt8]("\"count\":".utf8)),
            first: number(in: line, behind: [UInt8]("\"first_seq\":".utf8)),
            last: number(in: line, behind: [UInt8]("\"last_seq\":".utf8)))
    }

    private static func number(in line: [UInt8], behind key: [UInt8]) -> UInt64 {
        var index = 0
        var matched = 0
        // A key has its first character, a quotation mark, at its end too, and nowhere between.
        while index < line.count, matched < key.count {
            matched = line[index] == key[matched] ? matched + 1 : line[index] == key[0] ? 1 : 0
            index += 1
        }
        var value: UInt64 = 0
        while index < line.count, line[index] >= 0x30, line[index] <= 0x39 {
            value = value &* 10 &+ UInt64(line[index] - 0x30)
            index += 1
        }
        return value
    }
}
