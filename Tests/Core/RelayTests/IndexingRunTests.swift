import Foundation
import Relay
import TestSupport
import Testing

/// What becomes of the records of one event.
struct IndexingRunTests {
    private func lines(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    private func allTaken(_ lines: [String]) -> (status: Int, body: String)? {
        (200, Drive.items(lines.indices.filter { $0 % 2 == 0 }.map { _ in 201 }))
    }

    @Test func aRecordBecomesADocumentWithItsIdInItsMonth() throws {
        let drive = try Drive(
            Fixture.kinesis(lines([Fixture.line + "\n"])), answer: allTaken)
        #expect(
            drive.requests == [
                [
                    "{\"create\":{\"_index\":\"heart_rate-2025-07\","
                        + "\"_id\":\"gym-7:b1946ac9:18446\"}}",
                    String(Fixture.line.dropLast()) + ",\"late_ms\":499}",
                ]
            ])
        #expect(drive.lowest == nil && drive.errors.isEmpty)
        #expect(drive.counts.taken == 1)
    }

    @Test func aPatientsFormHasTheEventsIdAndItsPlaceInAnAggregate() throws {
        let entry = Fixture.aggregate([Fixture.line, Fixture.patient])
        let drive = try Drive(
            Fixture.kinesis([Array(Fixture.patient.utf8), entry]), answer: allTaken)
        let actions = drive.requests[0].enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        #expect(
            actions == [
                "{\"create\":{\"_index\":\"patient_stats-2025-07\",\"_id\":\"shardId-0:100\"}}",
                "{\"create\":{\"_index\":\"heart_rate-2025-07\","
                    + "\"_id\":\"gym-7:b1946ac9:18446\"}}",
                "{\"create\":{\"_index\":\"patient_stats-2025-07\",\"_id\":\"shardId-0:101:1\"}}",
            ])
    }

    @Test func aFormByWayOfAGatewayHasItsNameAndTheIndexOfForms() throws {
        let drive = try Drive(
            Fixture.kinesis(lines([Fixture.recordedPatient])), answer: allTaken)
        #expect(
            drive.requests[0][0]
                == "{\"create\":{\"_index\":\"patient_stats-2025-07\","
                + "\"_id\":\"gym-7:b1946ac9:18447\"}}")
    }

    @Test func withoutIdsAndMonthsTheServiceNamesTheRecords() throws {
        var settings = Fixture.settings
        settings.hasIDs = false
        settings.names.isMonthly = false
        let drive = try Drive(
            Fixture.kinesis(lines([Fixture.line])), settings: settings, answer: allTaken)
        #expect(drive.requests[0][0] == "{\"create\":{\"_index\":\"heart_rate\"}}")
    }

    @Test func severalLinesInOneRecordAreSeveralDocuments() throws {
        let text = Fixture.numbered(1) + "\n\n" + Fixture.numbered(2) + "\r\n"
        let drive = try Drive(Fixture.kinesis(lines([text])), answer: allTaken)
        #expect(drive.requests[0].count == 4 && drive.counts.taken == 2)
    }

    @Test func aTextOverSeveralLinesIsOneLineInTheRequest() throws {
        let text = Fixture.line.replacingOccurrences(of: ",\"", with: ",\n\t\"")
        let drive = try Drive(Fixture.kinesis(lines([text])), answer: allTaken)
        #expect(drive.requests[0][1] == String(Fixture.line.dropLast()) + ",\"late_ms\":499}")
    }

    @Test(arguments: [401, 403, 404, 429, 500, 503])
    func theLowestRecordThatPassesComesAgain(_ status: Int) throws {
        let event = Fixture.kinesis(lines((0..<5).map { Fixture.numbered($0) }))
        let drive = try Drive(event) { _ in (200, Drive.items([201, 409, status, 201, status])) }
        #expect(drive.lowest == "102" && drive.errors.isEmpty)
        #expect(drive.counts.taken == 3)
    }

    @Test func aDocumentThatIsRefusedForGoodIsAnErrorRecord() throws {
        let event = Fixture.kinesis(lines((0..<3).map { Fixture.numbered($0) }))
        let drive = try Drive(event) { _ in (200, Drive.items([201, 400, 201])) }
        #expect(drive.lowest == nil)
        let error = try #require(drive.errors.first)
        #expect(drive.errors.count == 1)
        #expect(error["status_code"] as? Int == 400)
        #expect(error["payload"] as? String == Fixture.numbered(1))
        #expect(error["error_message"] as? String == "refused by OpenSearch")
        #expect(error["event_id"] as? String == "shardId-0:101")
        #expect(error["timestamp"] as? String == "2025-07-15T17:10:33.123456Z")
    }

    @Test func aBadRecordInAnAggregateDoesNotMakeItsNeighboursComeAgain() throws {
        let entry = Fixture.aggregate([Fixture.numbered(1), "garbage", Fixture.numbered(2)])
        let drive = try Drive(Fixture.kinesis([entry]), answer: allTaken)
        #expect(drive.lowest == nil && drive.counts.taken == 2)
        #expect(drive.errors.map { $0["payload"] as? String } == ["garbage"])
        #expect(drive.errors.map { $0["status_code"] as? Int } == [422])
    }

    @Test func whatIsRefusedBehindARecordThatComesAgainIsReportedThen() throws {
        let texts = ["bad 0", Fixture.numbered(1), "bad 2", Fixture.numbered(3)]
        let drive = try Drive(Fixture.kinesis(lines(texts))) { _ in
            (200, Drive.items([503, 201]))
        }
        #expect(drive.lowest == "101")
        #expect(drive.errors.map { $0["payload"] as? String } == ["bad 0"])
    }

    @Test(arguments: [nil, 429, 503, 403, 302])
    func aRequestWithoutSuccessComesAgainFromItsBegin(_ status: Int?) throws {
        let drive = try Drive(
            Fixture.kinesis(lines((0..<40).map { Fixture.numbered($0) })), bulkBytes: 4_096
        ) { _ in status.map { ($0, "no") } }
        #expect(drive.requests.count == 1, "nothing more is sent")
        #expect(drive.lowest == "100")
    }

    @Test func theSecondRequestFailsAndTheFirstIsTaken() throws {
        var round = 0
        let drive = try Drive(
            Fixture.kinesis(lines((0..<40).map { Fixture.numbered($0) })), bulkBytes: 4_096
        ) { lines in
            round += 1
            return round == 1 ? self.allTaken(lines) : nil
        }
        #expect(drive.lowest == "\(100 + drive.requests[0].count / 2)")
    }

    /// The shortest way to the one to blame: everybody else is taken.
    @Test(arguments: [400, 413])
    func aRequestThatIsRefusedForOneDocumentIsHalvedUntilItIsAlone(_ status: Int) throws {
        for culprit in [0, 7, 31] {
            let event = Fixture.kinesis(
                lines((0..<32).map { Fixture.numbered($0, heartRate: $0 == culprit ? 99 : 80) }))
            let drive = try Drive(event) { lines in
                lines.contains { $0.contains(":99,") } ? (status, "{}") : self.allTaken(lines)
            }
            #expect(drive.lowest == nil && drive.counts.taken == 31)
            #expect(drive.errors.count == 1 && drive.counts.refused == 1)
        }
    }

    @Test func whatIsNoRecordIsReportedOnceWhenItsNeighboursAreSentInHalves() throws {
        let texts = (0..<16).map { place in
            place % 5 == 3 ? "bad \(place)" : Fixture.numbered(place, heartRate: 80 + place)
        }
        let drive = try Drive(Fixture.kinesis(lines(texts))) { lines in
            lines.contains { $0.contains(":90,") } ? (400, "{}") : self.allTaken(lines)
        }
        #expect(drive.lowest == nil && drive.counts.taken == 12 && drive.counts.refused == 4)
        let payloads = drive.errors.compactMap { $0["payload"] as? String }
        #expect(Set(payloads) == Set([texts[3], texts[8], texts[10], texts[13]]))
        #expect(payloads.count == 4)
    }

    /// As no shard hands them out: the lowest is found all the same.
    @Test func theLowestIsFoundInAnyOrder() throws {
        let event = String(
            decoding: Fixture.kinesis(lines((0..<3).map { Fixture.numbered($0) })),
            as: UTF8.self
        ).replacingOccurrences(of: "\"101\"", with: "\"99\"")
        let drive = try Drive(Array(event.utf8)) { _ in (200, Drive.items([503, 503, 503])) }
        #expect(drive.lowest == "99")
    }

    @Test func anErrorStreamThatRefusesMakesTheRecordComeAgain() throws {
        let event = Fixture.kinesis(lines([Fixture.numbered(1), "bad", Fixture.numbered(2)]))
        let drive = try Drive(event, errorStatus: 400, answer: allTaken)
        #expect(drive.lowest == "101" && drive.errors.isEmpty)
    }

    @Test func anAnswerThatIsNotUnderstoodIsNone() throws {
        let event = Fixture.kinesis(lines([Fixture.numbered(1), Fixture.numbered(2)]))
        for body in ["", "<html>", "{}", Drive.items([201]), Drive.items([201, 201, 201])] {
            let drive = try Drive(event) { _ in (200, body) }
            #expect(drive.lowest == "100")
        }
    }

    @Test func aRecordThatIsLongerThanARequestIsAnErrorRecordWithACutPayload() throws {
        let long = Fixture.line.replacingOccurrences(
            of: "D4:4A", with: String(repeating: "é", count: 40_000))
        let event = Fixture.kinesis(lines([Fixture.numbered(1), long, Fixture.numbered(2)]))
        let drive = try Drive(event, bulkBytes: 65_536, answer: allTaken)
        #expect(drive.lowest == nil && drive.counts.taken == 2)
        let error = try #require(drive.errors.first)
        #expect(error["payload_cut"] as? Bool == true)
        #expect((error["payload"] as? String).map { long.hasPrefix($0) } == true)
    }

    @Test func sequenceNumbersAreComparedAsNumbers() {
        func isLower(_ one: String, _ other: String) -> Bool {
            BatchItemFailures.isLower(one.utf8.span, than: other.utf8.span)
        }
        #expect(isLower("99", "100") && !isLower("100", "99"))
        #expect(isLower("100", "101") && !isLower("101", "100") && !isLower("7", "7"))
    }

    /// Whatever comes: no trap, and every document is taken, refused or comes again.
    @Test func changedEventsNeverTrap() throws {
        var random = SeededRandom()
        let whole = Fixture.kinesis([
            Array(Fixture.line.utf8), Fixture.aggregate([Fixture.line, "x", Fixture.patient]),
            Array("nothing".utf8),
        ])
        let words = Array("{}[]\",:\\0123456789eE+-. truefalsn/=AZ\n".utf8)
        var read = 0
        for _ in 0..<4_000 {
            var event = whole
            event.mutate(alphabet: words, &random)
            guard (try? KinesisEvent(event.span)) != nil else { continue }
            read += 1
            let drive = try Drive(event) { lines in
                Bool.random(using: &random)
                    ? self.allTaken(lines) : Bool.random(using: &random) ? nil : (400, "{}")
            }
            let counts = drive.counts
            #expect(
                drive.lowest != nil || counts.taken + counts.refused == counts.documents,
                "seed \(random.seed)")
        }
        #expect(read > 100, "some changes leave an event")
    }
}
