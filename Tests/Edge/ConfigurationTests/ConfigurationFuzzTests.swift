import Settings
import TestSupport
import Testing

@testable import Configuration

/// Files made of the right words in the wrong places: an answer or its problems, never a trap.
@Suite struct ConfigurationFuzzTests {
    private let values = [
        "yes", "no", "max", "0", "-1", "150", "3s", "0.1s", "99999999999999999999h", "64MiB",
        "file", "kinesis", "stdin", "recording", "bluetooth", "hci0", "-70", "C0:00:00:00:00:01",
        "/a", "", "\"", "\"\"", "é", "http://[::1]:1",
        "https://a", "https://", "a-b", "1.5", "...", "18446744073709551616B", "0x1p3", "`a`",
    ]

    @Test func shuffledSettingsNeverTrap() {
        var random = SeededRandom()
        var good = 0
        for _ in 0..<4_000 {
            let lines = Int.random(in: 0...30, using: &random)
            let documents = (0...Int.random(in: 0...2, using: &random)).map { number in
                let text =
                    (number == 0 ? smallest : "")
                    + (0..<lines).map { _ in line(&random) }.joined(separator: "\n")
                return SettingsDocument.parse(Array(text.utf8), file: "\(number).conf")
            }
            do throws(ConfigurationError) {
                let configuration = try Configuration.read(documents, hostName: "host")
                good += 1
                #expect(1...Configuration.sinkLimit ~= configuration.sinks.count)
                let alarm = configuration.alarm
                #expect(alarm.clearBeatsPerMinute <= alarm.highBeatsPerMinute)
            } catch {
                #expect(!error.problems.isEmpty)
                let words = error.problems.map(\.description)
                #expect(words.allSatisfy { $0.contains(".conf") && $0.contains("; ") })
            }
        }
        #expect(good > 0, "some files are right")
    }

    @Test func randomTextNeverTrapsAForm() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...24, using: &random)
            let alphabet = Array("0123456789.msihKMGBb -/:[]a\"é")
            let text = String(
                (0..<count).map { _ in alphabet.randomElement(using: &random) ?? " " })
            for key in Key.all {
                do throws(ValueFault) {
                    if case .number(let value) = try key.form.read(text) {
                        // Signal strength alone is below zero.
                        #expect(value >= 0 || (key.name == "rssi" && value >= -127))
                    }
                } catch {
                    #expect(!error.text.isEmpty && !error.remedy.isEmpty)
                }
            }
        }
    }

    private func line(_ random: inout SeededRandom) -> String {
        let titles = [
            "gateway", "input", "alarm", "ring", "sink a", "sink b", "sink", "Alarm",
            "bluetooth", "sensor a", "sensor b", "sensor",
        ]
        if Int.random(in: 0..<4, using: &random) == 0 {
            return "[\(titles.randomElement(using: &random) ?? "")]"
        }
        let key = Key.all.randomElement(using: &random)?.name ?? ""
        return "\(key) = \(values.randomElement(using: &random) ?? "")"
    }
}
