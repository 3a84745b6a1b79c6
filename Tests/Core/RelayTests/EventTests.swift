import Relay
import TestSupport
import Testing

/// Events of AWS's shape, and others.
struct EventTests {
    private func arrival(_ number: String) throws -> Int64? {
        let event = """
            {"Records":[{"eventID":"e","kinesis":{"data":"","sequenceNumber":"1",\
            "approximateArrivalTimestamp":\(number)}}]}
            """
        return try KinesisEvent(event.utf8.span).entries[0].arrivalMilliseconds
    }

    @Test(
        arguments: [
            ("1545084650.987", 1_545_084_650_987), ("1545084650", 1_545_084_650_000),
            ("1.545084650987E9", 1_545_084_650_987), ("1545084650987e-3", 1_545_084_650_987),
            ("1545084650.98765432109876543", 1_545_084_650_987), ("0", 0), ("0e99", 0),
            ("1e99", nil), ("-1", nil), ("1e100", nil), ("99999999999999999999", nil),
            ("0.00000000000000000000000000001e50", nil),
        ] as [(String, Int64?)])
    func arrivalsAreReadToTheMillisecond(_ number: String, _ milliseconds: Int64?) throws {
        #expect(try arrival(number) == milliseconds)
    }

    @Test func anEventWithoutRecordsIsRefused() {
        for text in ["{}", "{\"Records\":7}", "{\"Records\":[7]}"] {
            #expect(throws: EventError.noRecords(name: "Records")) {
                try KinesisEvent(text.utf8.span)
            }
        }
        #expect(throws: EventError.noRecords(name: "records")) {
            try FirehoseEvent("{\"Records\":[]}".utf8.span)
        }
    }

    @Test func anEmptyListIsAnEvent() throws {
        #expect(try KinesisEvent("{\"Records\":[]}".utf8.span).entries.isEmpty)
    }

    @Test func aRecordThatLacksAFieldIsNamed() {
        let text = "{\"Records\":[{\"eventID\":\"e\",\"kinesis\":{\"sequenceNumber\":\"1\"}}]}"
        #expect(throws: EventError.missing(name: "data", index: 0)) {
            try KinesisEvent(text.utf8.span)
        }
        #expect(throws: EventError.missing(name: "recordId", index: 0)) {
            try FirehoseEvent("{\"records\":[{\"data\":\"\"}]}".utf8.span)
        }
    }

    @Test func bytesThatAreNoTextAreRefused() {
        let bytes =
            Array("{\"records\":[{\"data\":\"\",\"recordId\":\"".utf8) + [0xFF]
            + Array("\"}]}".utf8)
        #expect(throws: EventError.notUTF8) { try FirehoseEvent(bytes.span) }
        #expect(throws: EventError.notUTF8) { try KinesisEvent(bytes.span) }
    }

    @Test func whatIsNoJSONIsRefused() {
        for text in ["", "[]", "{\"Records\":[]}x", "{\"Records\":[{]}"] {
            #expect(throws: EventError.self) { try KinesisEvent(text.utf8.span) }
        }
    }
}
