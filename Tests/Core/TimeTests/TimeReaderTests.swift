import TestSupport
import Testing
import Time

/// Instants and durations as people type them.
@Suite struct TimeReaderTests {
    private let now: Int64 = 1_752_599_433_123_456

    private func read(_ text: String) throws(TimeTextError) -> Int64 {
        try TimeReader.instant(text, now: now)
    }

    @Test func instantsAreReadAsTheyAreWritten() throws {
        for (text, instant) in [
            ("2025-07-15T17:10:33.123456Z", 1_752_599_433_123_456),
            ("2025-07-15T17:10:33.1Z", 1_752_599_433_100_000),
            ("2025-07-15T17:10:33Z", 1_752_599_433_000_000),
            ("2025-07-15T17:10Z", 1_752_599_400_000_000),
            ("2025-07-15", 1_752_537_600_000_000), ("1970-01-01", 0),
            ("2024-02-29T00:00:01.000007Z", 1_709_164_801_000_007),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] as [(String, Int64)] {
            #expect(try read(text) == instant, "\(text)")
        }
    }

    @Test func aDurationGoesBackFromNow() throws {
        for (text, seconds) in [
            ("-90s", 90), ("-2h", 7_200), ("-30min", 1_800), ("-1d12h", 129_600), ("-0s", 0),
        ] as [(String, Int64)] {
            #expect(try read(text) == now - seconds * 1_000_000, "\(text)")
        }
        #expect(try read("-1ms") == now - 1_000)
    }

    @Test func whatIsNoTimeIsRefusedWithItsReason() {
        for (text, error) in [
            ("", .notATime), ("now", .notATime), ("2h", .notATime), ("-", .notATime),
            ("-2", .notATime), ("-h", .notATime), ("-2 h", .notATime), ("-2weeks", .notATime),
            ("-9999999999d", .notATime), ("-9223372036s1s", .notATime),
            ("2025-7-15", .notATime), ("20250715", .notATime), ("2025-07-15 17:10", .notATime),
            ("2025-07-15T", .notATime), ("2025-07-15T17Z", .notATime),
            ("2025-07-15T17:10:3Z", .notATime), ("2025-07-15T17:10:33.Z", .notATime),
            ("2025-07-15T17:10:33.1234567Z", .notATime),
            ("2025-07-15T17:10:33Zulu", .notATime), ("2025-07-15T17:10:33+02:00", .notATime),
            ("2025-07-15T17:10:33", .noZone), ("2025-07-15T17:10", .noZone),
            ("2025-13-01", .noSuchTime), ("2025-00-01", .noSuchTime), ("2025-02-29", .noSuchTime),
            ("1900-02-29", .noSuchTime), ("2025-04-31", .noSuchTime), ("2025-04-00", .noSuchTime),
            ("2025-07-15T24:00Z", .noSuchTime), ("2025-07-15T17:60Z", .noSuchTime),
            ("2025-07-15T17:10:60Z", .noSuchTime), ("0000-01-01", .outOfRange),
            ("２０２５-07-15", .notATime),
        ] as [(String, TimeTextError)] {
            #expect(throws: error, "\(text)") { try read(text) }
        }
    }

    @Test func anyInstantIsReadBackFromItsText() throws {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let instant = Int64.random(
                in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &random)
            let text = appendedText { $0.append(timestamp: instant) }
            #expect(try read(text) == instant)
        }
    }

    @Test func damagedTextNeverTraps() {
        var random = SeededRandom()
        let whole = Array("2025-07-15T17:10:33.123456Z".utf8)
        for _ in 0..<5_000 {
            var text = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
            for _ in 0..<Int.random(in: 0...3, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                text[place] = random.bytes(1)[0]
            }
            do throws(TimeTextError) {
                let instant = try read(String(decoding: text, as: UTF8.self))
                #expect(instant <= 253_402_300_799_999_999)
            } catch {
                continue
            }
        }
    }
}
