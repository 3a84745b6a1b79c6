import Foundation
import TestSupport
import Testing
import Time

/// Times with a zone, as other programs write them.
@Suite struct ZonedTimeTests {
    /// 2025-07-15T17:10:33Z.
    private static let instant: Int64 = 1_752_599_433_000_000

    @Test func everySpellingOfAnInstantIsRead() {
        for text in [
            "2025-07-15T17:10:33Z", "2025-07-15T17:10:33z", "2025-07-15T17:10:33+00:00",
            "2025-07-15T17:10:33.000Z", "2025-07-15T19:10:33+02:00", "2025-07-15T19:10:33+0200",
            "2025-07-15T11:40:33-05:30", "2025-07-15T17:10:33.000000000Z",
            "2025-07-16T02:10:33.0000+09:00",
        ] {
            #expect(TimeReader.instant(zoned: text) == Self.instant, "\(text)")
        }
        #expect(
            TimeReader.instant(zoned: "2025-07-15T17:10:33.123456789Z")
                == Self.instant + 123_456)
    }

    @Test func anythingElseIsNone() {
        for text in [
            "", "Z", "2025-07-15", "2025-07-15Z", "2025-07-15T17:10:33", "-2h", "tomorrow",
            "2025-07-15 17:10:33Z", "2025-13-15T17:10:33Z", "2025-07-15T25:10:33Z",
            "2025-07-15T17:10:33+24:00", "2025-07-15T17:10:33+1:00", "2025-07-15T17:10:33+aa:bb",
            "2025-07-15T17:10:33.x1Z", "2025-07-15T17:10:33.Z", "1752599433", "+00:00",
            "2025-07-15T17:10:33+00:00Z", String(repeating: "2025-07-15T", count: 99) + "Z",
        ] {
            #expect(TimeReader.instant(zoned: text) == nil, "\(text)")
        }
    }

    @Test func whatIsReadAgreesWithFoundation() throws {
        var random = SeededRandom()
        let formatter = ISO8601DateFormatter()
        for _ in 0..<2_000 {
            let seconds = Int64.random(in: 0...4_102_444_800, using: &random)
            let minutes = Int.random(in: -720...840, using: &random)
            formatter.timeZone = TimeZone(secondsFromGMT: minutes * 60)
            let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(TimeReader.instant(zoned: text) == seconds * 1_000_000, "\(text)")
            var bytes = Array(text.utf8)
            bytes.mutate(alphabet: Array("0123456789TZ+-:.".utf8), &random)
            _ = TimeReader.instant(zoned: String(decoding: bytes, as: UTF8.self))
        }
    }
}
