import Diagnostics
import TestSupport
import Testing

struct MetricsTextTests {
    private func text(_ fill: (inout MetricsText) -> Void) -> String {
        var text = MetricsText(capacity: 8_192)
        text.begin()
        fill(&text)
        let isComplete = text.finish()
        #expect(isComplete)
        return text.withBytes { String(decoding: [UInt8](copying: $0), as: UTF8.self) }
    }

    @Test func familiesSayTypeUnitAndHelpBeforeTheirSamples() {
        let answer = text { text in
            text.family("process_build", .info, "The program.")
            text.label("version", "1.2")
            text.value(true)
            text.family("written_bytes", .counter, unit: "bytes", "Bytes that were written.")
            text.value(18_446_744_073_709_551_615)
            text.family("age_seconds", .gauge, unit: "seconds", "An age.")
            text.value(nanoseconds: 1_234_567_890)
            text.family("offset_seconds", .gauge, unit: "seconds", "A difference.")
            text.value(-5, decimals: 6)
        }
        #expect(
            answer == """
                # TYPE process_build info
                # HELP process_build The program.
                process_build_info{version="1.2"} 1
                # TYPE written_bytes counter
                # UNIT written_bytes bytes
                # HELP written_bytes Bytes that were written.
                written_bytes_total 18446744073709551615
                # TYPE age_seconds gauge
                # UNIT age_seconds seconds
                # HELP age_seconds An age.
                age_seconds 1.234567890
                # TYPE offset_seconds gauge
                # UNIT offset_seconds seconds
                # HELP offset_seconds A difference.
                offset_seconds -0.000005
                # EOF

                """)
    }

    @Test func labelsAreEscaped() {
        let answer = text { text in
            text.family("up", .gauge, "A.")
            text.label("sensor", "a\"b\\c\nd,{é".utf8.span)
            text.label("sink", "cloud")
            text.value(false)
        }
        #expect(answer.contains(#"up{sensor="a\"b\\c\nd,{é",sink="cloud"} 0"#))
    }

    @Test func familyWithoutASampleIsStillDescribed() {
        #expect(
            text { $0.family("up", .gauge, "A.") } == "# TYPE up gauge\n# HELP up A.\n# EOF\n")
    }

    @Test func statesAreOneSampleEach() {
        let answer = text { text in
            text.family("state", .stateset, "A.")
            text.label("state", "idle")
            text.value(true)
        }
        #expect(answer.contains("\nstate{state=\"idle\"} 1\n"))
    }

    @Test func bucketsOfAHistogramCountWhatLiesAtOrBelowTheirLimit() {
        var random = SeededRandom()
        var histogram = LatencyHistogram()
        var values: [Int64] = [0, 4_095, 4_096, 17_179_869_183, 17_179_869_184, 60_000_000_000]
        for _ in 0..<5_000 {
            values.append(
                Int64.random(in: 0...1 << Int64.random(in: 8...36, using: &random), using: &random))
        }
        for value in values { histogram.record(nanoseconds: value) }
        let answer = text { text in
            text.family("took_seconds", .histogram, unit: "seconds", "A.")
            text.histogram(histogram)
        }
        let lines = answer.split(separator: "\n").dropFirst(3).dropLast()
        #expect(lines.count == 23 + 1 + 2)
        for line in lines.prefix(23) {
            let words = line.split { "\"} ".contains($0) }
            let limit = Double(words[1]).map { Int64(($0 * 1e9).rounded()) } ?? -1
            #expect(Int(words[2]) == values.filter { $0 <= limit }.count, "\(line)")
        }
        #expect(
            lines.contains(
                "took_seconds_bucket{le=\"0.000004095\"} \(values.filter { $0 <= 4_095 }.count)"))
        #expect(lines.contains("took_seconds_bucket{le=\"+Inf\"} \(values.count)"))
        #expect(lines.last == "took_seconds_count \(values.count)")
        let sum = values.reduce(0, +)
        let rest = String(1_000_000_000 + sum % 1_000_000_000).dropFirst()
        #expect(lines.contains("took_seconds_sum \(sum / 1_000_000_000).\(rest)"))
    }

    @Test func textWithoutRoomSaysSo() {
        var text = MetricsText(capacity: 64)
        text.begin()
        text.family("a_long_name_that_leaves_no_room_for_more", .gauge, "A.")
        text.value(1)
        let hadRoom = text.finish()
        #expect(!hadRoom)
        text.begin()
        let hasRoom = text.finish()
        #expect(hasRoom)
    }
}
