import Testing

@testable import Recording

@Suite struct RecordingPlayerTests {
    @Test func rowsAreReadWithTheirTimes() throws {
        let rows = try play("seconds,beats_per_minute\n0,72\n1.5,74\n2.000000001,300\n")
        #expect(
            rows == [
                RecordingRow(timeNanoseconds: 0, beatsPerMinute: 72),
                RecordingRow(timeNanoseconds: 1_500_000_000, beatsPerMinute: 74),
                RecordingRow(timeNanoseconds: 2_000_000_001, beatsPerMinute: 300),
            ])
    }

    @Test func aBlankValueIsARowWithoutAHeartRate() throws {
        let rows = try play("seconds,beats_per_minute\n0,72\n1,\n2, \t\n3,75\n")
        #expect(rows.map(\.beatsPerMinute) == [72, nil, nil, 75])
    }

    @Test func aSilenceIsTheTimeBetweenTwoRows() throws {
        let rows = try play("seconds,beats_per_minute\n0,72\n45,75\n")
        #expect(rows.map(\.timeNanoseconds) == [0, 45_000_000_000])
    }

    @Test func whatSpreadsheetsWriteIsTolerated() throws {
        let rows = try play(
            "\u{FEFF}seconds , beats_per_minute\r\n 0 , 72 \r\n\r\n# pause\r\n1,\t73\r\n2,74")
        #expect(rows.map(\.beatsPerMinute) == [72, 73, 74])
    }

    @Test func theColumnsMayStandAmongOthers() throws {
        let rows = try play("power,beats_per_minute,cadence,seconds\n200,72,80,0\n,73,,1,spare\n")
        #expect(rows.map(\.beatsPerMinute) == [72, 73])
        #expect(rows.map(\.timeNanoseconds) == [0, 1_000_000_000])
    }

    @Test func theLimitsOfANumberAreTaken() throws {
        let rows = try play(
            "seconds,beats_per_minute\n0.0000000009,0\n9223372036.854775807,65535\n")
        #expect(rows.map(\.timeNanoseconds) == [0, .max])
        #expect(rows.map(\.beatsPerMinute) == [0, 65_535])
    }

    @Test func aRewoundPlayerPlaysTheSameAgain() throws {
        let bytes = [UInt8]("seconds,beats_per_minute\n0,72\n1,73\n".utf8)
        var player = RecordingPlayer()
        _ = try player.next(in: bytes.span)
        _ = try player.next(in: bytes.span)
        player.rewind()
        #expect(try player.next(in: bytes.span)?.beatsPerMinute == 72)
        #expect(player.line == 2)
    }

    @Test func anEndedPlayerStaysAtTheEnd() throws {
        let bytes = [UInt8]("seconds,beats_per_minute\n0,72".utf8)
        var player = RecordingPlayer()
        #expect(try player.next(in: bytes.span) != nil)
        #expect(try player.next(in: bytes.span) == nil)
        #expect(try player.next(in: bytes.span) == nil)
    }

    @Test func theExtentCountsRowsAndMissingValues() throws {
        let bytes = [UInt8]("seconds,beats_per_minute\n0,72\n1,\n2.5,74\n".utf8)
        let extent = try RecordingExtent(of: bytes.span)
        #expect(extent.rows == 3)
        #expect(extent.rowsWithoutValue == 1)
        #expect(extent.durationNanoseconds == 2_500_000_000)
    }
}

/// All rows of `text`.
func play(_ text: String) throws(RecordingError) -> [RecordingRow] {
    let bytes = [UInt8](text.utf8)
    var player = RecordingPlayer()
    var rows: [RecordingRow] = []
    while let row = try player.next(in: bytes.span) { rows.append(row) }
    return rows
}
