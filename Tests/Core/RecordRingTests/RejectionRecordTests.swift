import RecordRing
import TestSupport
import Testing
import Vitals

/// Error records: what was refused for good, and as much of it as fits.
struct RejectionRecordTests {
    private func errorRecord(_ rejection: Rejection) throws -> Record {
        var record = try exampleRecord()
        record.payload = .rejection(rejection)
        return record
    }

    private func refused(_ record: Record, by sink: String = "search") throws -> Record {
        var error = record
        error.sequence = 20_000
        error.session = 0x1111_2222
        error.payload = .rejection(Rejection(record, refusedBy: try name(sink), status: 400))
        return error
    }

    private func longestHeartRate() throws -> Record {
        var record = try exampleRecord()
        var measurement = HeartRateMeasurement(
            beatsPerMinute: 300, contact: .detected, energyKilojoules: .max)
        for _ in 0..<RRIntervals.limit { measurement.rrIntervals.append(.max) }
        record.payload = .heartRate(measurement)
        return record
    }

    @Test func refusedRecordIsWrittenAndReadAsTheLayoutIsDrawn() throws {
        let record = try refused(exampleRecord(sequence: 0x480E))
        let bytes = slot(record)
        #expect(
            Array(bytes[4...])
                == hex(
                    "01 08 01 00",  // layout version, kind, clock state, 0
                    "204E000000000000",  // sequence 20000
                    "8016A5DAFA390600",  // wall clock
                    "74F3C8F4E5000000",  // monotonic clock
                    "EFCDAB8967452301 1032547698BADCFE",  // boot id
                    "22221111",  // session
                    "11 44343A34413A43343A42303A32343A3033 000000000000",  // sensor
                    "0E48000000000000 C96A94B1",  // sequence and session of the refused one
                    "9001 03 01",  // status, reason, kind
                    "0C00 0C 06",  // bytes, kept, name
                    "5900 03 01 0C00 02 00 B002 AC02",  // its payload
                    "736561726368",  // search
                    "0000000000000000000000000000"))
        #expect(decode(bytes) == .success(record))
    }

    @Test func everyRecordButAGapComesOutAsItWentIn() throws {
        var random = SeededRandom()
        var records = [try exampleRecord(), try longestHeartRate()]
        for vital in exampleVitals() {
            var record = try exampleRecord()
            record.payload = .vital(vital)
            records.append(record)
        }
        for sequence in 0..<500 {
            records.append(try randomRecord(sequence: UInt64(sequence), &random))
        }
        for record in records {
            let error = try refused(record, by: String(repeating: "n", count: 23))
            guard case .success(let read) = decode(slot(error)),
                case .rejection(let rejection) = read.payload
            else {
                Issue.record("not read back: \(record), seed \(random.seed)")
                return
            }
            #expect(read == error)
            #expect(!rejection.isCut && rejection.original(in: read) == record)
            #expect(rejection.sink.count >= 6, "some of the sink's name is always there")
        }
    }

    @Test func gapComesOutWithoutItsTimes() throws {
        let gap = Gap(
            reason: .overwritten, count: .max, firstSequence: 1, lastSequence: .max,
            firstMicroseconds: 5, lastMicroseconds: 6)
        var record = try exampleRecord()
        record.payload = .gap(gap)
        let error = try refused(record)
        guard case .success(let read) = decode(slot(error)),
            case .rejection(let rejection) = read.payload
        else {
            Issue.record("not read back")
            return
        }
        #expect(rejection.isCut)
        record.payload = .gap(
            Gap(reason: .overwritten, count: .max, firstSequence: 1, lastSequence: .max))
        #expect(rejection.original(in: read) == record)
    }

    @Test func notificationIsKeptAsItCameAndCutWhereItIsTooLong() throws {
        for length in [0, 1, 20, 31, 32, 33, 512, 70_000] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            let rejection = Rejection(
                bytes.span, of: .heartRateMeasurement, reason: .malformed)
            let record = try errorRecord(rejection)
            #expect(decode(slot(record)) == .success(record))
            #expect([UInt8](copying: rejection.bytes) == Array(bytes.prefix(32)))
            #expect(rejection.isCut == (length > 32))
            #expect(rejection.byteCount == min(length, 65_535))
            #expect(rejection.original(in: record) == nil)
            #expect(rejection.status == 422)
        }
    }

    @Test func longNameOfASinkIsCutBetweenCharacters() throws {
        let sink = "öööööööööö"
        let rejection = Rejection(
            try longestHeartRate(), refusedBy: try name(sink), status: 400)
        // 26 of 32 bytes are the payload's.
        #expect(String(decoding: [UInt8](copying: rejection.sink.bytes), as: UTF8.self) == "ööö")
        var short = try longestHeartRate()
        guard case .heartRate(var measurement) = short.payload else { return }
        measurement.rrIntervals = RRIntervals()
        short.payload = .heartRate(measurement)
        let whole = Rejection(short, refusedBy: try name(sink), status: 400)
        #expect(whole.sink.count == 20)
    }

    @Test func fieldsThatNobodyWritesAreRefused() throws {
        let notification: [UInt8] = [1, 2]
        let malformed = slot(
            try errorRecord(
                Rejection(notification.span, of: .heartRateMeasurement, reason: .malformed)))
        let refused = slot(try refused(exampleRecord()))
        let changes: [([UInt8], Int, UInt8)] = [
            (malformed, 90, 0), (malformed, 90, 4), (malformed, 90, 3), (malformed, 84, 0),
            (malformed, 86, 1), (malformed, 94, 3), (malformed, 94, 33), (malformed, 95, 31),
            (refused, 90, 1), (refused, 91, 8), (refused, 96 + 12, 0xFF),
        ]
        for (bytes, place, value) in changes {
            var bytes = bytes
            bytes[place] = value
            #expect(
                decode(sealed(bytes)) == .failure(.field(.rejection)), "\(place) \(value)")
        }
        var unknown = refused
        unknown[91] = 200
        #expect(decode(sealed(unknown)) == .failure(.unknownKind(200)))
    }

    @Test func sealedFuzzNeverTrapsAndWhatIsAcceptedIsReadBackAndWrittenOut() throws {
        var random = SeededRandom()
        var wholes = [slot(try refused(exampleRecord())), slot(try refused(longestHeartRate()))]
        var gap = try exampleRecord()
        gap.payload = .gap(
            Gap(reason: .unreadable, count: 1, firstSequence: 2, lastSequence: 3))
        wholes.append(slot(try refused(gap)))
        let packet: [UInt8] = [1, 2, 3]
        wholes.append(
            slot(
                try errorRecord(
                    Rejection(packet.span, of: .glucoseMeasurement, reason: .implausible))))
        var accepted = 0
        for round in 0..<40_000 {
            var bytes = wholes[round % wholes.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 76..<128, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            guard case .success(let record) = decode(sealed(bytes)),
                case .rejection(let rejection) = record.payload
            else { continue }
            accepted += 1
            _ = rejection.original(in: record)
            guard case .success(let again) = decode(slot(record)), again == record else {
                Issue.record("\(bytes), seed \(random.seed)")
                return
            }
        }
        #expect(accepted > 1_000)
    }
}
