import Diagnostics
import Testing

private let card = "25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw\n"

@Suite struct MountTableTests {
    @Test func theLongestMountPointHolds() {
        let table = MountTable(
            card + "40 25 8:1 / /var rw - xfs /dev/a rw\n41 40 8:2 / /var/lib rw - f2fs /dev/b rw\n"
        )
        #expect(table.mount(of: "/var/lib/pulsegate")?.source == "/dev/b")
        #expect(table.mount(of: "/var/lib")?.source == "/dev/b")
        #expect(table.mount(of: "/var/library")?.source == "/dev/a")
        #expect(table.mount(of: "/home")?.source == "/dev/mmcblk0p2")
    }

    @Test func aLaterMountHidesAnEarlierOneAtTheSamePoint() {
        let table = MountTable(
            "40 25 8:1 / /data rw - ext4 /dev/a rw\n41 40 0:9 / /data rw - tmpfs none rw\n")
        #expect(table.mount(of: "/data/ring")?.fileSystem == "tmpfs")
    }

    @Test func optionalFieldsAndEscapesAreRead() throws {
        let table = MountTable(
            "40 25 8:1 / /my\\040data\\134x rw shared:1 master:2 - overlay a\\011b "
                + "rw,upperdir=/up\\054\\040per,lowerdir=/low\n")
        let mount = try #require(table.mount(of: "/my data\\x/ring"))
        #expect(mount.source == "a\tb")
        #expect(mount.option("upperdir") == "/up, per")
        #expect(mount.option("lowerdir") == "/low")
        #expect(mount.option("workdir") == nil)
    }

    @Test func linesOfAnotherFormArePassedOver() {
        for line in [
            "", "40", "40 25 8:1 / /data rw", "40 25 8:1 / /data rw - ext4",
            "40 25 8:1 / /data rw shared:1 ext4 /dev/a rw x", "- - - - - - - - -",
        ] {
            #expect(MountTable(line + "\n").mounts.isEmpty, "\(line)")
        }
        #expect(MountTable("x\n" + card).mounts.count == 1)
    }

    @Test func mountThatIsReadOnlyForASandboxIsNoReadOnlyFileSystem() {
        let table = MountTable(
            "40 25 8:1 / / ro,noatime - ext4 /dev/a rw,errors=remount-ro\n"
                + "41 40 8:2 / /b rw - ext4 /dev/b ro\n")
        #expect(table.mount(of: "/x")?.isFileSystemReadOnly == false)
        #expect(table.mount(of: "/b/x")?.isFileSystemReadOnly == true)
    }
}
