import Bytes
import Foundation
import Kinesis
import LibCrypto
import Relay
import TestSupport

/// Records and events as AWS and gateways write them.
enum Fixture {
    static let line = """
        {"timestamp":"2025-07-15T17:10:33.123456Z","heart_rate":89,"device_id":"gym-7",\
        "sensor":"D4:4A:C4:B0:24:03","seq":18446,"session_id":"b1946ac9","contact":true,\
        "rr_ms":[671.9,668.0],"clock":"synced","schema":1}
        """

    static let patient = """
        {"patient":"p-1","time":"2025-07-15T19:10:33+02:00","glucose_level":99.1,\
        "oxygen_saturation":0.97,"body_temperature":36.85,"respiratory_rate":14,\
        "heart_rate":71.5,"blood_pressure_systolic":120.0,"blood_pressure_diastolic":80}
        """

    /// The same by way of a gateway.
    static let recordedPatient = """
        {"timestamp":"2025-07-15T17:10:34.000000Z","patient":"p-1",\
        "time":"2025-07-15T17:10:33.000000Z","glucose_level":99.1,"oxygen_saturation":0.97,\
        "body_temperature":36.85,"respiratory_rate":14.0,"heart_rate":71.5,\
        "blood_pressure_systolic":120.0,"blood_pressure_diastolic":80.0,"device_id":"gym-7",\
        "seq":18447,"session_id":"b1946ac9","clock":"synced","schema":1}
        """

    static func numbered(_ sequence: Int, heartRate: Int = 89) -> String {
        line.replacingOccurrences(of: "18446", with: "\(sequence)")
            .replacingOccurrences(of: ":89", with: ":\(heartRate)")
    }

    /// An event of Kinesis with these records, sequence numbers from 100 on.
    static func kinesis(_ records: [[UInt8]]) -> [UInt8] {
        let entries = records.enumerated().map { index, data in
            """
            {"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"gym-7",\
            "sequenceNumber":"\(100 + index)","data":"\(Data(data).base64EncodedString())",\
            "approximateArrivalTimestamp":1752599433.623},"eventSource":"aws:kinesis",\
            "eventVersion":"1.0","eventID":"shardId-0:\(100 + index)",\
            "eventName":"aws:kinesis:record","awsRegion":"eu-central-1"}
            """
        }
        return Array("{\"Records\":[\(entries.joined(separator: ","))]}".utf8)
    }

    /// An event of Firehose with these records, ids from r0 on.
    static func firehose(_ records: [[UInt8]]) -> [UInt8] {
        let entries = records.enumerated().map { index, data in
            """
            {"recordId":"r\(index)","approximateArrivalTimestamp":1752599433623,\
            "data":"\(Data(data).base64EncodedString())"}
            """
        }
        return Array(
            "{\"invocationId\":\"i\",\"records\":[\(entries.joined(separator: ","))]}".utf8)
    }

    static func aggregate(_ records: [String]) -> [UInt8] {
        let aggregate = AggregatedRecord(capacity: 1 << 20)
        aggregate.begin(partitionKey: "gym-7".utf8.span)
        for record in records { aggregate.append(record.utf8.span) }
        aggregate.finish(md5: LibCrypto.md5Function)
        return aggregate.withBytes { [UInt8](copying: $0) }
    }

    static let settings = IndexingSettings(
        names: IndexNames(gateway: "heart_rate", patientStats: "patient_stats", isMonthly: true),
        hasIDs: true, errorStream: "error_message")
}

/// An event driven through an `IndexingRun`, with what a service answers to each request.
struct Drive {
    /// Bodies of `_bulk`, line by line.
    var requests: [[String]] = []
    /// Error records.
    var errors: [[String: Any]] = []
    var lowest: String?
    var counts = IndexingRun.Counts()

    /// An answer of 200 with these statuses.
    static func items(_ statuses: [Int]) -> String {
        let items = statuses.map { "{\"create\":{\"status\":\($0)}}" }
        return "{\"items\":[\(items.joined(separator: ","))]}"
    }

    /// `answer` gets the lines of a request and says status and body; nil: no answer.
    init(
        _ event: [UInt8], settings: IndexingSettings = Fixture.settings, bulkBytes: Int = 1 << 20,
        errorStatus: Int = 200, answer: ([String]) -> (status: Int, body: String)?
    ) throws {
        let parsed = try KinesisEvent(event.span)
        var run = IndexingRun(
            parsed, of: event.span, settings: settings, md5: LibCrypto.md5Function)
        var body = FixedBuffer(capacity: bulkBytes)
        while run.fillBulk(&body, event: event.span) {
            let text = String(decoding: [UInt8](copying: body.bytes), as: UTF8.self)
            let lines = text.split(separator: "\n").map(String.init)
            requests.append(lines)
            if let (status, text) = answer(lines) {
                run.bulkAnswered(
                    status: status, body: text.utf8.span, isPage: false, event: event.span)
            } else {
                run.bulkFailed(event: event.span)
            }
        }
        var errorBody = FixedBuffer(capacity: 2 << 20)
        while run.fillErrors(&errorBody, event: event.span, at: 1_752_599_433_123_456) {
            let bytes = Data([UInt8](copying: errorBody.bytes))
            let object = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
            let records = object?["Records"] as? [[String: Any]] ?? []
            if errorStatus == 200 { errors += records.compactMap(Self.content) }
            let results = records.map { _ in "{\"SequenceNumber\":\"1\"}" }
            run.errorsAnswered(
                status: errorStatus,
                body: "{\"Records\":[\(results.joined(separator: ","))]}".utf8.span,
                event: event.span)
        }
        lowest = run.lowestSequenceNumber.map { String(decoding: event[$0], as: UTF8.self) }
        counts = run.counts
    }

    private static func content(_ record: [String: Any]) -> [String: Any]? {
        let data = (record["Data"] as? String).flatMap { Data(base64Encoded: $0) }
        return data.flatMap {
            (try? JSONSerialization.jsonObject(with: $0)) as? [String: Any]
        }
    }
}
