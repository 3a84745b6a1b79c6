import Settings
import Testing

@testable import Configuration

/// `[bluetooth]` and `[sensor NAME]`: which devices are taken, and their limits.
@Suite struct SensorSectionTests {
    private let bluetooth = """
        [gateway]
        device_id = ward-7
        data = /data
        [input]
        type = bluetooth

        """

    @Test func withoutSectionsEightHeartRateSensorsAreTaken() throws {
        let configuration = try read(bluetooth)
        #expect(configuration.input.source == .bluetooth)
        #expect(configuration.sensors.isEmpty)
        #expect(configuration.bluetooth.anyLimit == 8)
    }

    @Test func namedSensorsAreTheOnlyOnesUnlessOthersAreAskedFor() throws {
        #expect(try read(bluetooth + "[sensor a]\n").bluetooth.anyLimit == 0)
        let both = try read(bluetooth + "[sensor a]\n[bluetooth]\nany = 3\n")
        #expect(both.bluetooth.anyLimit == 3)
    }

    @Test func everyKeyArrivesInItsPlace() throws {
        let configuration = try read(
            bluetooth + """
                [bluetooth]
                adapter = hci1
                any = 2
                rssi = -85
                silence = 5s
                frozen = 0s
                power_on = no
                restart_bluetoothd = no
                reset_radio = no
                [sensor lane-1]
                address = C0:00:00:00:00:0F
                rssi = -70
                high = 180
                [sensor lane-2]
                name = Polar H10 *
                service = pulse_oximeter
                high = 120
                clear = 100
                onset_delay = 10s
                [alarm]
                high = 160

                """)
        #expect(
            configuration.bluetooth
                == BluetoothSettings(
                    adapter: 1, anyLimit: 2, rssiLimit: -85, silenceNanoseconds: 5_000_000_000,
                    frozenNanoseconds: 0, switchesOn: false, restartsDaemon: false,
                    resetsRadio: false))
        #expect(
            configuration.sensors == [
                SensorSettings(
                    name: "lane-1", address: 0xC000_0000_000F, pattern: nil, service: .heartRate,
                    rssiLimit: -70, alarm: limits(180, 175, seconds: 3)),
                SensorSettings(
                    name: "lane-2", address: nil, pattern: "Polar H10 *",
                    service: .pulseOximeter, rssiLimit: -85,
                    alarm: limits(120, 100, seconds: 10)),
            ])
    }

    @Test func aSensorWithoutLimitsHasThoseOfAllOthers() throws {
        let configuration = try read(
            bluetooth + "[sensor a]\n[alarm]\nhigh = 130\nclear = 110\n")
        #expect(configuration.sensors[0].alarm == limits(130, 110, seconds: 3))
    }

    @Test func aSensorClearsBelowItsOwnLimit() {
        expect(
            "[sensor a]\nclear = 160\n",
            "[sensor a] clear = 160: is above `high`, which is 150; "
                + "write a number from 25 to 150")
    }

    @Test func faultyDevicesAreRefused() {
        expect(
            "[sensor a]\naddress = C0:00:00:00:00:0G\n",
            "[sensor a] address = C0:00:00:00:00:0G: is not a Bluetooth address; write six "
                + "two-digit hexadecimal numbers, as in `C0:00:00:00:00:01`")
        expect(
            "[sensor a]\naddress = C0:00:00:00:00:01\n"
                + "[sensor b]\naddress = C0:00:00:00:00:01\n",
            "[sensor b] address = C0:00:00:00:00:01: is that of [sensor a] too; "
                + "give each sensor its own")
        expect(
            "[bluetooth]\nadapter = eth0\n",
            "[bluetooth] adapter = eth0: is not an adapter; "
                + "write `hci0`, or as `pulsegate ble info` says")
        expect(
            "[bluetooth]\nrssi = -128\n",
            "[bluetooth] rssi = -128: is below the range; "
                + "write a number from -127 to 20 (dBm)")
        expect(
            "[bluetooth]\nrssi = -\n",
            "[bluetooth] rssi = -: is not a whole number; write a number from -127 to 20 (dBm)")
    }

    @Test func thereMustBeSensorsAndNotTooMany() {
        expect(
            "[bluetooth]\nany = 0\n",
            "[bluetooth] any = 0: leaves no sensor at all; "
                + "write a number from 1 to 56, or add a [sensor NAME]")
        expect(
            "[sensor a]\n[bluetooth]\nany = 56\n",
            "[bluetooth] any = 56: makes 57 sensors with those that have sections; "
                + "keep at most 56")
        expect("[sensor]\n", "[sensor]: has no name; ")
    }

    private func limits(_ high: UInt16, _ clear: UInt16, seconds: Int64) -> AlarmSettings {
        AlarmSettings(
            highBeatsPerMinute: high, clearBeatsPerMinute: clear,
            onsetDelayNanoseconds: seconds * 1_000_000_000)
    }

    /// The one problem of a configuration with these lines more.
    private func expect(
        _ more: String, _ problem: String, at location: SourceLocation = #_sourceLocation
    ) {
        do throws(ConfigurationError) {
            _ = try read(bluetooth + more)
            Issue.record("no problem was found", sourceLocation: location)
        } catch {
            let words = error.problems.map(\.description)
            #expect(words.count == 1, sourceLocation: location)
            #expect(words.allSatisfy { $0.contains(problem) }, "\(words)", sourceLocation: location)
        }
    }
}
