import Relay
import Testing

/// The environment of the functions, as the table of cloud/README.md has it.
struct RelaySettingsTests {
    private static let indexer = [
        "_HANDLER": "indexer", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_REGION": "eu-central-1", "PULSEGATE_ERROR_STREAM": "error_message",
        "PULSEGATE_OPENSEARCH_ENDPOINT": "https://search.example",
    ]

    private func settings(_ changes: [String: String?]) throws(SettingError) -> RelaySettings {
        var variables = Self.indexer
        for (name, value) in changes { variables[name] = value }
        return try RelaySettings { [variables] in variables[$0] }
    }

    @Test func whatIsNotSetHasItsDocumentedValue() throws {
        guard case .indexer(let indexer) = try settings([:]).handler else {
            Issue.record("no indexer")
            return
        }
        #expect(indexer.service == "es" && indexer.indexing.hasIDs)
        #expect(indexer.indexing.names.gateway == "heart_rate")
        #expect(indexer.indexing.names.patientStats == "patient_stats")
        #expect(indexer.indexing.names.isMonthly)
        #expect(indexer.bulkBytes == 4_194_304 && indexer.requestTimeoutSeconds == 20)
        #expect(indexer.kinesisEndpoint == "https://kinesis.eu-central-1.amazonaws.com")
        let transform = try settings(["_HANDLER": "transform"])
        #expect(transform.handler == .transform(high: 150, clear: 145))
    }

    @Test func aServerlessCollectionTakesNoIds() throws {
        guard
            case .indexer(let indexer) = try settings(
                ["PULSEGATE_OPENSEARCH_SERVICE": "aoss", "PULSEGATE_INDEX_PERIOD": "none"]).handler
        else {
            Issue.record("no indexer")
            return
        }
        #expect(indexer.service == "aoss" && !indexer.indexing.hasIDs)
        #expect(!indexer.indexing.names.isMonthly)
    }

    @Test(
        arguments: [
            ("_HANDLER", nil), ("_HANDLER", "lambda_function.handler"), ("AWS_REGION", nil),
            ("AWS_LAMBDA_RUNTIME_API", ""), ("PULSEGATE_OPENSEARCH_ENDPOINT", nil),
            ("PULSEGATE_OPENSEARCH_ENDPOINT", "search.example"),
            ("PULSEGATE_OPENSEARCH_ENDPOINT", "https://"),
            ("PULSEGATE_OPENSEARCH_ENDPOINT", "https://search.example/path"),
            ("PULSEGATE_OPENSEARCH_ENDPOINT", "https://name:word@search.example"),
            ("PULSEGATE_OPENSEARCH_SERVICE", "opensearch"), ("PULSEGATE_INDEX", "Heart"),
            ("PULSEGATE_INDEX", "_all"), ("PULSEGATE_PATIENT_INDEX", "a,b"),
            ("PULSEGATE_INDEX_PERIOD", "day"), ("PULSEGATE_BULK_BYTES", "4MB"),
            ("PULSEGATE_BULK_BYTES", "0"), ("PULSEGATE_REQUEST_TIMEOUT", "-1"),
            ("PULSEGATE_ERROR_STREAM", nil), ("PULSEGATE_ERROR_STREAM", "error message"),
            ("PULSEGATE_LOG_LEVEL", "loud"), ("AWS_ENDPOINT_URL_KINESIS", "ftp://kinesis"),
        ] as [(String, String?)])
    func aBadValueIsNamedWithItsRemedy(_ name: String, _ value: String?) throws {
        do throws(SettingError) {
            _ = try settings([name: value])
            Issue.record("\(name) is taken")
        } catch {
            #expect(error.name == name && !error.remedy.isEmpty)
            #expect(error.value == (value == "" ? nil : value))
            #expect(error.description.hasPrefix("\(name) is "))
        }
    }

    @Test func limitsOfTheAlarmAreInOrder() {
        let low: [String: String?] = [
            "_HANDLER": "transform", "PULSEGATE_ALARM_HIGH": "140", "PULSEGATE_ALARM_CLEAR": "141",
        ]
        do throws(SettingError) {
            _ = try settings(low)
            Issue.record("limits in the wrong order are taken")
        } catch {
            #expect(error.name == "PULSEGATE_ALARM_CLEAR")
            #expect(error.remedy.contains("140"))
        }
    }

    @Test func aDeadlineLeavesWhatIsReserved() {
        let deadline = Deadline(milliseconds: 10_000)
        func budget(_ now: Int64) -> Int64? {
            deadline.budget(now: now, reserveMilliseconds: 500, limitMilliseconds: 3_000)
        }
        #expect(budget(0) == 3_000)
        #expect(budget(8_000) == 1_500)
        #expect(budget(9_250) == 250)
        #expect(budget(9_251) == nil)
        #expect(budget(20_000) == nil)
        #expect(
            Deadline(milliseconds: .min).budget(
                now: 1, reserveMilliseconds: 0, limitMilliseconds: 1) == nil)
    }
}
