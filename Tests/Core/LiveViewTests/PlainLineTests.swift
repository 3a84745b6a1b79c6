import Bytes
import LiveView
import Testing

@Suite struct PlainLineTests {
    private func line(_ status: LiveStatus) -> String {
        var buffer = FixedBuffer(capacity: 32_768)
        buffer.append(plainLine: status)
        return String(decoding: buffer.bytes)
    }

    private let delivered =
        "| stored    191 delivered    191 waiting      0 lost      0 | file ok\n"

    @Test func normalHeartRate() {
        #expect(
            line(Samples.normal) == "00:03:20  135 bpm        normal                           "
                + delivered)
    }

    @Test func pendingAlarm() {
        #expect(
            line(Samples.pending) == "00:03:20  151 bpm        pending (>150), raised in 2 s    "
                + delivered)
    }

    @Test func raisedAlarm() {
        #expect(
            line(Samples.raised) == "00:03:20  156 bpm        ALARM high (>150) since 00:03:06 "
                + delivered)
    }

    @Test func silentSensorIsNotJudged() {
        #expect(
            line(Samples.silent) == "00:04:35  silent 1m15s   not judged                       "
                + delivered)
    }

    @Test func offSkinSensorKeepsTheRaisedAlarm() {
        #expect(
            line(Samples.offSkin) == "00:03:20  off skin       ALARM high (>150) since 00:03:06 "
                + delivered)
    }

    @Test func implausibleValueIsNeitherShownNorJudged() {
        var status = Samples.normal
        status.heartRate = .implausible(700)
        #expect(
            line(status) == "00:03:20  implausible    not judged                       "
                + delivered)
        let rows = Page(status, LiveScreen(isColored: false)).rows
        #expect(rows[7].hasPrefix("│ IMPLAUSIBLE: 700 bpm "))
        #expect(rows[2].contains("NOT JUDGED"))
    }

    @Test func nothingHasArrivedYet() {
        #expect(
            line(Samples.young) == "00:00:00  no value yet   not judged                       "
                + "| stored      0 delivered      0 waiting      0 lost      0 | no sink\n")
    }

    @Test func slowestSinkIsTheMeasureAndLossesAddUp() {
        var status = Samples.failingSinks
        status.sinks[1].lost = 9
        #expect(
            line(status) == "00:03:20  135 bpm        normal                           "
                + "| stored    191 delivered      0 waiting 1234567 lost    200 | file ok, "
                + "kinesis retry in 4 s: HTTP 503, search FAILED: access denied\n")
    }

    @Test func extremeValuesStayOnOneLine() {
        let text = line(Samples.extreme)
        #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }

    @Test func failingRingIsSaidBehindTheSinks() {
        var status = Samples.normal
        status.ring.trouble = "No space left on device"
        status.ring.unsynced = 1_234
        #expect(
            line(status).hasSuffix(
                " | file ok | ring fails: No space left on device, 1,234 not synced\n"))
    }
}
