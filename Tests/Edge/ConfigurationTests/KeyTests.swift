import Testing

@testable import Configuration

/// The list of keys, and the reference that is printed from it.
@Suite struct KeyTests {
    @Test func noSectionHasAKeyTwice() {
        let names = Key.all.map { "\($0.section) \($0.name)" }
        #expect(Set(names).count == names.count)
    }

    @Test func everyDefaultIsAValueOfItsForm() throws {
        for key in Key.all {
            if case .value(let text) = key.fallback { _ = try key.form.read(text) }
        }
    }

    @Test func typesOfAKeyAreChoicesOfTheTypeOfItsSection() {
        for key in Key.all where !key.types.isEmpty {
            guard case .choice(let choices) = Key.find(key.section, "type")?.form else {
                Issue.record("[\(key.section)] has no type")
                continue
            }
            #expect(Set(key.types).isSubset(of: choices))
        }
    }

    @Test func theReferenceHasARowForEachKey() {
        let rows = Configuration.reference.split(separator: "\n")
        #expect(rows.count == Key.all.count + 2)
        for row in [
            "| [gateway] | `device_id` | the host name | 1 to 128 characters of A-Z a-z 0-9 . _ - :"
                + " | Names this gateway in every record and in every request. |",
            "| [ring] | `size` | `64MiB` | a size from 1MiB to 16GiB "
                + "| The size of the ring file, taken at the first start. |",
            "| [sink NAME] `type = kinesis\\|firehose` | `stream` | required "
                + "| 1 to 128 characters of A-Z a-z 0-9 _ . - "
                + "| The data stream, or the delivery stream. |",
        ] {
            #expect(rows.contains(Substring(row)))
        }
    }
}

/// Numbers with units.
@Suite struct QuantityTests {
    @Test func quantitiesAreExact() throws {
        for (text, value) in [
            ("0s", 0), ("500ms", 500_000_000), ("0.1s", 100_000_000),
            ("1.000000001s", 1_000_000_001),
            ("2min", 120_000_000_000), ("1.5h", 5_400_000_000_000), ("3 s", 3_000_000_000),
            ("007s", 7_000_000_000), ("2562047h", 9_223_369_200_000_000_000),
        ] as [(String, Int64)] {
            #expect(try Quantity.read(text, units: Quantity.durations) == value, "\(text)")
        }
        for (text, value) in [
            ("7B", 7), ("1kB", 1_000), ("1KiB", 1_024), ("1.5MiB", 1_572_864), ("2MB", 2_000_000),
            ("1GB", 1_000_000_000), ("1GiB", 1_073_741_824),
        ] as [(String, Int64)] {
            #expect(try Quantity.read(text, units: Quantity.sizes) == value, "\(text)")
        }
    }

    @Test func theLargestQuantityIsThatOfTheType() throws {
        #expect(try Quantity.read("9223372036854775807B", units: Quantity.sizes) == Int64.max)
        #expect(throws: Quantity.Fault.tooLarge) {
            try Quantity.read("9223372036854775808B", units: Quantity.sizes)
        }
        #expect(throws: Quantity.Fault.tooLarge) {
            try Quantity.read("2562048h", units: Quantity.durations)
        }
    }

    @Test func theShortestTextReadsBackAsTheSame() throws {
        for (value, text) in [
            (0, "0s"), (100_000_000, "100ms"), (3_000_000_000, "3s"), (90_000_000_000, "90s"),
            (900_000_000_000, "15min"), (3_600_000_000_000, "1h"),
        ] as [(Int64, String)] {
            #expect(Quantity.text(value, units: Quantity.durations) == text)
            #expect(try Quantity.read(text, units: Quantity.durations) == value)
        }
        #expect(Quantity.text(65_536, units: Quantity.sizes) == "64KiB")
        #expect(Quantity.text(0, units: Quantity.sizes) == "0B")
    }
}

/// Slips of the pen.
@Suite struct NearestWordTests {
    @Test func editsAreCounted() {
        for (one, other, edits) in [
            ("", "", 0), ("high", "high", 0), ("hihg", "high", 1), ("hig", "high", 1),
            ("highs", "high", 1), ("hugh", "high", 1), ("", "high", 4), ("kitten", "sitting", 3),
        ] {
            #expect(NearestWord.edits(from: one, to: other) == edits)
            #expect(NearestWord.edits(from: other, to: one) == edits)
        }
    }

    @Test func onlyANearWordIsMeant() {
        let words = ["high", "clear", "onset_delay"]
        #expect(NearestWord.nearest(to: "HIGH", among: words) == "high")
        #expect(NearestWord.nearest(to: "onsetdelay", among: words) == "onset_delay")
        #expect(NearestWord.nearest(to: "low", among: words) == nil)
        let endless = String(repeating: "high", count: 100)
        #expect(NearestWord.nearest(to: endless, among: words + [endless + "x"]) == nil)
    }
}
