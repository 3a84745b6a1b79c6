import Diagnostics
import Linux
import TestSupport
import Testing

private let card = "25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n"
private let ext4: UInt32 = 0xEF53
private let tmpfs: UInt32 = 0x0102_1994
private let ramfs: UInt32 = 0x8584_58F6
private let overlay: UInt32 = 0x794C_7630

private func judge(
    _ type: UInt32, _ mounts: String, path: String = "/var/lib/pulsegate",
    isReadOnly: Bool = false
) -> Storage {
    Storage.judge(type: type, isReadOnly: isReadOnly, mounts: MountTable(mounts), path: path)
}

/// An overlay over the root with this upper directory.
private func root(upper: String) -> String {
    "30 1 0:26 / / rw,relatime - overlay overlayroot rw,lowerdir=/media/root-ro,"
        + "upperdir=\(upper),workdir=/media/root-rw/work\n"
}

/// What a data folder lies on, decided from what the kernel says.
@Suite struct StorageTests {
    @Test func aCardKeepsWhatIsSynced() {
        #expect(judge(ext4, card) == .lasting(fileSystem: "ext4", device: "/dev/mmcblk0p2"))
    }

    @Test func memoryIsVolatile() {
        let mounts = card + "40 25 0:30 / /var/lib/pulsegate rw - tmpfs tmpfs rw,size=64m\n"
        #expect(judge(tmpfs, mounts) == .volatile(fileSystem: "tmpfs"))
        #expect(
            judge(ramfs, "1 1 0:2 / / rw - rootfs rootfs rw\n") == .volatile(fileSystem: "ramfs"))
    }

    @Test func aBlockDeviceInMemoryIsVolatile() {
        for device in ["/dev/zram0", "/dev/ram1"] {
            let mounts = card + "40 25 254:0 / /var/lib rw - ext4 \(device) rw\n"
            #expect(judge(ext4, mounts) == .volatile(fileSystem: "ext4 on \(device)"))
        }
    }

    @Test func aReadOnlyFolderIsReadOnlyWhateverItIsOn() {
        #expect(judge(ext4, card, isReadOnly: true) == .readOnly(fileSystem: "ext4"))
        #expect(
            judge(tmpfs, "", isReadOnly: true) == .readOnly(fileSystem: "file system 0x1021994"))
    }

    @Test func anOverlayIsWhatItsUpperDirectoryIs() {
        let memory = "31 30 0:27 / /media/root-rw rw - tmpfs tmpfs-root rw\n"
        #expect(
            judge(overlay, root(upper: "/media/root-rw/overlay") + memory)
                == .overlay(
                    upperDirectory: "/media/root-rw/overlay", .volatile(fileSystem: "tmpfs")))
        let disk = "31 30 8:1 / /media/root-rw rw - ext4 /dev/sda1 rw\n"
        #expect(
            judge(overlay, root(upper: "/media/root-rw/overlay") + disk)
                == .overlay(
                    upperDirectory: "/media/root-rw/overlay", .lasting(fileSystem: "ext4")))
        let zram = "31 30 254:0 / /media/root-rw rw - ext4 /dev/zram1 rw\n"
        #expect(
            judge(overlay, root(upper: "/media/root-rw/overlay") + zram)
                == .overlay(
                    upperDirectory: "/media/root-rw/overlay", .volatile(fileSystem: "ext4")))
    }

    @Test func anUpperDirectoryThatIsNotVisibleIsUnknown() {
        #expect(
            judge(overlay, root(upper: "/var/lib/docker/overlay2/1f/diff"))
                == .overlay(upperDirectory: "/var/lib/docker/overlay2/1f/diff", .unknown))
        #expect(judge(overlay, "") == .overlay(upperDirectory: "", .unknown))
        let noUpper = "30 1 0:26 / / rw - overlay overlay rw,lowerdir=/a:/b\n"
        #expect(judge(overlay, noUpper) == .overlay(upperDirectory: "", .unknown))
    }

    @Test func aCardUnderAnOverlaidRootIsACard() {
        let mounts =
            root(upper: "/media/root-rw/overlay")
            + "32 30 179:3 / /var/lib/pulsegate rw - ext4 /dev/mmcblk0p3 rw\n"
        #expect(judge(ext4, mounts) == .lasting(fileSystem: "ext4", device: "/dev/mmcblk0p3"))
    }

    @Test func theFolderOfATestIsFoundEvenBeforeItIsMade() throws {
        let folder = try TemporaryFolder()
        let storage = try Storage.of(folder.path)
        #expect(try Storage.of(folder.file("not/yet/made")) == storage)
        if case .readOnly = storage { Issue.record("a test can write its folder") }
    }

    @Test func aFolderOfTheKernelIsNoCard() throws {
        guard case .lasting(let fileSystem, _) = try Storage.of("/proc/self") else {
            Issue.record("/proc is mounted")
            return
        }
        #expect(fileSystem == "proc")
    }

    @Test func damagedTablesNeverTrap() {
        var random = SeededRandom()
        let whole = Array((card + root(upper: "/a\\040b")).utf8)
        for _ in 0..<5_000 {
            var text = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
            for _ in 0..<4 where !text.isEmpty {
                text[Int.random(in: 0..<text.count, using: &random)] = random.bytes(1)[0]
            }
            let table = MountTable(String(decoding: text, as: UTF8.self))
            _ = Storage.judge(type: overlay, isReadOnly: false, mounts: table, path: "/a b/c")
            #expect(table.mounts.count <= 6)
        }
    }
}
