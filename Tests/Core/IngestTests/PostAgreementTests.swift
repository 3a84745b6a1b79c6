import Bytes
import Foundation
import Ingest
import RecordRing
import TestSupport
import Testing
import Vitals

/// The gate beside the schema of openapi.json as Python's jsonschema reads it: the same posts, the
/// same verdicts, the same numbers.
struct PostAgreementTests {
    private static let values = [
        "null", "true", "\"72\"", "\"\"", "[]", "{}", "{\"a\":{\"a\":1}}", "0", "-0", "-0.0", "1",
        "0.1",
        "1e999", "-1e999", "1e-999", "0e99", "300", "300.0", "300.00001", "299.99995", "3000",
        "3e3",
        "3000.00004", "10", "9.99999", "50", "50.00000000000000001", "1.0", "0.99999999", "0.00005",
        "0.00004", "150", "150.1", "NaN", "Infinity", "-", "01", "1.", ".5", "1e", "1e+2", "12E-1",
        "79.99995", "80.00004", "80.00005", "\"2025-07-15T17:10:32Z\"", "\"2025-07-15t17:10:32z\"",
        "\"2025-07-15T17:10:32+02:00\"", "\"2025-07-15T17:10:60Z\"", "\"2025-02-29T00:00:00Z\"",
        "\"2024-02-29T23:59:59.999999999Z\"", "\"2024-02-29T23:59:59.9999999999Z\"",
        "\"1970-01-02T00:00:00Z\"", "\"1969-12-31T23:59:59Z\"", "\"2025-07-15\"",
        "\"9999-12-30T00:00:00Z\"",
        "\"2025-07-15T24:00:00Z\"", "\"2025-07-15T17:10:32-24:00\"",
        "\"\\u0032025-07-15T17:10:32Z\"",
        "\"p\"", "\"\\u0000\"", "\"\\u0041\"", "\"\\ud800\"", "\"Zoë 𝄞\"", "\"\u{7F}\"",
        "\"\\u001f\"",
        "\"123456789012345678901234567890123456\"", "\"1234567890123456789012345678901234567\"",
        "\"éééééééééééééééééé\"", "\"éééééééééééééééééée\"",
    ]
    private static let names = [
        "patient", "time", "glucose_level", "oxygen_saturation", "body_temperature",
        "respiratory_rate", "heart_rate", "blood_pressure_systolic", "blood_pressure_diastolic",
    ]
    private static let usual = [
        "\"p-1\"", "\"2025-07-15T17:10:32.5Z\"", "99.1", "0.97", "36.65", "16", "72.5", "120", "80",
    ]

    /// A post with a few things wrong with it, or none.
    private func post(_ random: inout SeededRandom) -> [UInt8] {
        var fields = zip(Self.names, Self.usual).map { ($0, $1) }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let place = Int.random(in: 0..<fields.count, using: &random)
            let value = Self.values.randomElement(using: &random) ?? "0"
            switch Int.random(in: 0..<10, using: &random) {
            case 0: fields.remove(at: place)
            case 1: fields.append((Self.names[place % 9], value))
            case 2: fields.append(("\\u0068eart_rate", value))
            case 3: fields.append(("other", value))
            case 4: fields.shuffle(using: &random)
            default: fields[place].1 = value
            }
        }
        let blank = [" ", "", "\n", "\t\r"].randomElement(using: &random) ?? ""
        let inner = fields.map { "\"\($0)\"\(blank):\($1)" }.joined(separator: "\(blank),")
        var bytes = Array("\(blank){\(inner)}\(blank)".utf8)
        if Int.random(in: 0..<5, using: &random) == 0 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.removeLast(bytes.count - place)
            default:
                bytes.insert(
                    Array("{}[],:\"\\0eE.-+ ".utf8).randomElement(using: &random) ?? 0, at: place)
            }
        }
        return bytes
    }

    private func verdict(_ post: [UInt8]) -> String {
        guard case .success(let form) = PatientPost.judge(post.span) else { return "refused" }
        let stats = form.payload(keyHash: 0)
        let numbers = PatientQuantity.allCases.map { "\(stats.units(of: $0))" }
        return "accepted " + numbers.joined(separator: " ")
    }

    @Test func gateAndSchemaSayTheSame() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let root = folder.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let child = try ChildProcess([
            try Python.path(), "-B", folder.appendingPathComponent("judge_posts.py").path,
            root.appendingPathComponent("Sources/pulsegate/HTTP/openapi.json").path,
        ])
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<20_000 {
            let post = post(&random)
            let own = verdict(post)
            if own != "refused" { accepted += 1 }
            try child.write(line: post.map { String(format: "%02x", $0) }.joined())
            let other = try child.readLine()
            guard own == other else {
                Issue.record(
                    "\(own) here, \(other) there: \(String(decoding: post, as: UTF8.self))")
                return
            }
        }
        #expect((4_000..<16_000).contains(accepted), "\(accepted) of 20,000 were taken")
    }

    @Test func whatIsRefusedIsAlwaysWrittenOutAndNeverTraps() throws {
        var random = SeededRandom()
        for _ in 0..<20_000 {
            let post = post(&random)
            guard case .failure(let refused) = PatientPost.judge(post.span) else { continue }
            let text = line(record(.refusedPost(refused.payload), refused.head))
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            let payload = try #require(object?["payload"] as? String, "\(text)")
            let detail = appendedText { $0.append(detailOf: refused.refusal, in: post.span) }
            #expect(!detail.isEmpty)
            guard refused.payload.isForm else { continue }
            // Whole: refused again, for the same reason.
            let again = refusal(payload)
            #expect(again?.problem == refused.refusal.problem, "\(payload)")
            #expect(again?.field == refused.refusal.field, "\(payload)")
        }
    }
}
