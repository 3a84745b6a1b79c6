import Query
import RecordRing
import Testing
import Time

struct RecordQueryTests {
    private let now: Int64 = 1_752_599_433_000_000

    private func refusal(_ name: String, _ value: String) -> String? {
        var query = RecordQuery()
        do throws(QueryError) {
            try query.set(name, to: value, now: now)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func withoutParametersEverythingIsAsked() {
        let query = RecordQuery()
        #expect(query.from == .min)
        #expect(query.to == .max)
        #expect(query.sensor == nil)
        #expect(query.bucketMicroseconds == nil)
        #expect(query.format == .ndjson)
        #expect(query.limit == 1_000_000_000)
    }

    @Test func everyParameterIsTaken() throws {
        let query = try query(
            ("from", "2025-07-15T17:10:33Z"), ("to", "2025-07-15T17:10:33.5Z"),
            ("sensor", "D4:4A:C4:B0:24:03"), ("bucket", "1min"), ("format", "csv"),
            ("limit", "17"), now: now)
        #expect(query.from == 1_752_599_433_000_000)
        #expect(query.to == 1_752_599_433_500_000)
        #expect(query.sensor == SensorName("D4:4A:C4:B0:24:03"))
        #expect(query.bucketMicroseconds == 60_000_000)
        #expect(query.format == .csv)
        #expect(query.limit == 17)
    }

    @Test(arguments: [
        ("-600s", -600_000_000), ("-1d12h", -129_600_000_000), ("-0s", 0),
        ("2025-07-15T17:10:33+00:00", 0), ("2025-07-15T19:10:33+02:00", 0),
        ("2025-07-15T12:40:33-04:30", 0), ("2025-07-16T00:10:33.250+07:00", 250_000),
        ("2025-07-15", -61_833_000_000),
    ])
    func timeIsThatOfItsZone(_ text: String, _ back: Int64) throws {
        #expect(try query(("from", text), now: now).from == now + back)
    }

    @Test(arguments: [("1s", 1), ("5s", 5), ("90s", 90), ("1h", 3_600), ("2000ms", 2)])
    func bucketIsALength(_ text: String, _ seconds: Int64) throws {
        #expect(try query(("bucket", text)).bucketMicroseconds == seconds * second)
    }

    @Test(arguments: [
        ("from", "", "not a time"), ("from", "yesterday", "not a time"),
        ("from", "2025-07-15T17:10:33", "it does not say its zone; add Z"),
        ("to", "2025-02-30", "no such day"), ("to", "0000-01-01", "the years 1 to 9999"),
        ("to", "2025-07-15T17:10:33 02:00", "not a time"),
        ("to", "2025-07-15T17:10:33+24:00", "no such day or time of day"),
        ("to", "2025-07-15T17:10:33+0a:00", "not a time"),
        ("from", "-5", "not a time"), ("from", "-99999999999999d", "not a time"),
        ("sensor", "", "has 1 to 23 bytes"), ("sensor", "a name that is too long!", "1 to 23"),
        ("bucket", "0s", "from 1s to 1h"), ("bucket", "3601s", "from 1s to 1h"),
        ("bucket", "1500ms", "whole seconds"), ("bucket", "5", "as in 5s"),
        ("bucket", "-5s", "as in 5s"), ("bucket", "", "as in 5s"),
        ("format", "json", "write ndjson or csv"), ("format", "CSV", "write ndjson or csv"),
        ("limit", "0", "from 1 to"), ("limit", "-1", "from 1 to"), ("limit", "+1", "from 1 to"),
        ("limit", "1e3", "from 1 to"), ("limit", "1000000001", "from 1 to 1000000000"),
        ("limit", "99999999999999999999", "from 1 to"), ("form", "csv", "no such parameter"),
        ("", "", "no such parameter"),
    ])
    func refusalNamesFieldValueAndRemedy(_ name: String, _ value: String, _ remedy: String) {
        let text = refusal(name, value)
        #expect(text?.hasPrefix("\(name)=\(value): ") == true, "\(text ?? "taken")")
        #expect(text?.contains(remedy) == true, "\(text ?? "taken")")
    }

    @Test func rangeMustHoldAnInstant() throws {
        for (from, to) in [("-5s", "-5s"), ("-5s", "-6s")] {
            #expect(throws: QueryError.self) {
                try query(("from", from), ("to", to), now: now)
            }
            #expect(throws: QueryError.self) {
                try query(("to", to), ("from", from), now: now)
            }
        }
        #expect(try query(("from", "-6s"), ("to", "-5s"), now: now).from == now - 6 * second)
    }

    @Test func parameterIsGivenOnce() {
        #expect(throws: QueryError.self) { try query(("limit", "5"), ("limit", "5")) }
    }

    @Test func longValuesAreRefusedAndNotRepeatedWhole() {
        let text = refusal("from", String(repeating: "9", count: 100_000))
        #expect(text?.contains("longer than 64 bytes") == true)
        #expect((text ?? "").utf8.count < 200)
        let other = refusal(String(repeating: "x", count: 100_000), "")
        #expect((other ?? "").utf8.count < 200)
    }
}
