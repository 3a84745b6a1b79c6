import Bytes
import SensorLink
import TestSupport
import Testing

@testable import BlueZ

struct ObjectPathTests {
    private func path(_ text: String) -> ObjectPath { ObjectPath(Array(text.utf8).span) }

    private let strap = BluetoothAddress(0xC000_0000_0001)

    @Test func objectsOfBlueZAreToldByTheirPaths() {
        #expect(path("/org/bluez/hci0") == .adapter(0))
        #expect(path("/org/bluez/hci255") == .adapter(255))
        #expect(path("/org/bluez/hci7/dev_C0_00_00_00_00_01") == .device(7, strap))
        let id = CharacteristicID(device: strap, service: 0x0010, handle: 0xFA1B)
        #expect(
            path("/org/bluez/hci0/dev_C0_00_00_00_00_01/service0010/charfa1b")
                == .characteristic(0, id))
    }

    @Test(
        arguments: [
            "", "/", "/org/bluez", "/org/bluez/hci", "/org/bluez/hcix", "/org/bluez/hci256",
            "/org/bluez/hci0/", "/org/bluez/hci0/dev_C0_00_00_00_00", "/org/bluez/hci0/dev_",
            "/org/bluez/hci0/dev_C0_00_00_00_00_0G", "/org/bluez/hci0/dev_C0:00:00:00:00:01",
            "/org/bluez/hci0/dev_C0_00_00_00_00_01/", "/org/bluez/hci99999999999999999999",
            "/org/bluez/hci0/dev_C0_00_00_00_00_01/service0010",
            "/org/bluez/hci0/dev_C0_00_00_00_00_01/service0010/char001",
            "/org/bluez/hci0/dev_C0_00_00_00_00_01/service0010/char001G",
            "/org/bluez/hci0/dev_C0_00_00_00_00_01/service0010/char0011/desc0013",
            "/org/bluez/hci0/dev_C0_00_00_00_00_01/player0", "/org/bluez/test", "/other/hci0",
        ])
    func otherPathsAreNone(_ text: String) { #expect(path(text) == .other) }

    @Test func pathsThatAreWrittenAreReadBack() {
        var random = SeededRandom()
        for _ in 0..<1_000 {
            let device = BluetoothAddress(random.next())
            let adapter = UInt8(truncatingIfNeeded: random.next())
            let id = CharacteristicID(
                device: device, service: UInt16(truncatingIfNeeded: random.next()),
                handle: UInt16(truncatingIfNeeded: random.next()))
            for path in [
                ObjectPath.adapter(adapter), .device(adapter, device), .characteristic(adapter, id),
            ] {
                let text = appended { path.append(to: &$0) }
                #expect(ObjectPath(text.span) == path)
            }
        }
    }
}
