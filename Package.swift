// swift-tools-version: 6.2
// The map of the house: Core decides and touches nothing, Edge touches the world and decides
// nothing, the executable joins them. Arrows go down this file only.

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// What is shipped. The regular expressions of the standard library would be a megabyte of the
/// static binary; nothing here needs one.
let shipped =
    strict + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]

/// A room of pure Swift: no clock, file, socket, thread, C or Glibc.
func core(_ name: String, _ rooms: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: rooms, path: "Sources/Core/\(name)", swiftSettings: shipped)
}

/// The one Swift face of the C module `shim`; `rooms` are the Core types it speaks.
func edge(_ name: String, shim: String, _ rooms: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: [.byName(name: shim)] + rooms, path: "Sources/Edge/\(name)",
        swiftSettings: shipped)
}

/// A C module: headers and the few lines that Swift cannot say (macros, variadic calls).
func shim(_ name: String, links libraries: [String] = []) -> Target {
    .target(
        name: name, path: "Sources/Edge/\(name)",
        cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// A room's tests; `besides` are its files that are no Swift: scripts, servers, vectors.
func tests(
    _ name: String, in folder: String, _ used: [Target.Dependency], besides: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: used, path: "Tests/\(folder)/\(name)", exclude: besides,
        swiftSettings: strict)
}

let package = Package(
    name: "pulsegate",
    products: [
        .executable(name: "pulsegate", targets: ["pulsegate"]),
        .executable(name: "relay", targets: ["relay"]),
    ],
    targets: [
        // Core
        core("Bytes"),
        core("Time", ["Bytes"]),
        core("Vitals", ["Bytes"]),
        core("Alarm", ["Bytes"]),
        core("RecordRing", ["Alarm", "Bytes", "Time", "Vitals"]),
        core("WireFormat", ["Alarm", "Bytes", "RecordRing", "Time", "Vitals"]),
        core("SigV4", ["Bytes", "Time"]),
        core("Uplink", ["Bytes"]),
        core("Kinesis", ["Bytes", "Uplink"]),
        core("Firehose", ["Bytes", "Uplink"]),
        core("OpenSearch", ["Bytes", "Uplink"]),
        core(
            "Relay", ["Alarm", "Bytes", "Kinesis", "OpenSearch", "Time", "Uplink", "Vitals"]),
        core("SensorLink", ["Bytes", "Uplink", "Vitals"]),
        core("Credentials", ["Bytes", "Time", "Uplink"]),
        core("Diagnostics", ["Bytes"]),
        core("Doctor", ["Bytes", "Diagnostics"]),
        core("Recording", ["Bytes"]),
        core("LiveView", ["Bytes"]),
        core(
            "Gateway",
            [
                "Alarm", "Bytes", "Diagnostics", "Firehose", "Kinesis", "OpenSearch", "RecordRing",
                "Time", "Uplink", "Vitals", "WireFormat",
            ]),
        core(
            "Ingest", ["Bytes", "Gateway", "RecordRing", "Time", "Vitals", "WireFormat"]),
        core("Simulator", ["Bytes", "Time", "Uplink", "Vitals"]),

        // Edge
        shim("CLinux"),
        edge("Linux", shim: "CLinux", ["Bytes", "Diagnostics", "RecordRing", "Time"]),
        // OpenSSL: the C library that the user runs anyway, with SHA extensions of the CPU.
        shim("CCrypto", links: ["crypto"]),
        edge("LibCrypto", shim: "CCrypto", ["Bytes", "Kinesis", "SigV4"]),
        // libcurl: TLS, proxies, keep-alive and 25 years of odd servers in one library.
        shim("CCurl", links: ["curl", "ssl", "crypto"]),
        edge("HTTPS", shim: "CCurl", ["Bytes", "Linux", "SigV4", "Time"]),
        // zlib: gzip, in every Debian.
        shim("CZlib", links: ["z"]),
        edge("Zlib", shim: "CZlib", ["Bytes"]),
        // libinih: 300 lines of C that read INI, in every Debian.
        shim("CInih", links: ["inih"]),
        edge("Settings", shim: "CInih", ["Bytes"]),
        // libdbus: the bus of BlueZ, in every Debian. Its headers lie in a folder of the
        // architecture; pkg-config, which its -dev package brings along, knows which.
        .systemLibrary(
            name: "CDBus", path: "Sources/Edge/CDBus", pkgConfig: "dbus-1",
            providers: [.apt(["libdbus-1-dev"])]),
        edge("BlueZ", shim: "CDBus", ["Bytes", "Linux", "SensorLink", "Vitals"]),
        // libgpiod: the kernel's own face of GPIO, 1.6 in Debian 12 and 2.x in Debian 13.
        shim("CGPIO", links: ["gpiod"]),
        edge("GPIO", shim: "CGPIO", ["Bytes", "Linux"]),
        // libedit: the line editor that half of the BSDs' programs are typed at, in every Debian.
        shim("CEdit", links: ["edit"]),
        edge("LineEditor", shim: "CEdit"),
        // libmicrohttpd: HTTP/1.1 as hostile clients speak it, with epoll from outside, in every
        // Debian.
        shim("CMicroHTTPD", links: ["microhttpd"]),
        edge("LocalHTTP", shim: "CMicroHTTPD", ["Bytes", "Linux"]),
        // The socket by which commands reach a gateway that runs.
        .target(
            name: "ControlSocket", dependencies: ["Bytes", "Linux"],
            path: "Sources/Edge/ControlSocket", swiftSettings: shipped),
        // What the settings mean: every key with its default, unit and range.
        .target(
            name: "Configuration", dependencies: ["Credentials", "Diagnostics", "Settings"],
            path: "Sources/Edge/Configuration", swiftSettings: shipped),

        // The imperative shell
        .executableTarget(
            name: "pulsegate",
            dependencies: [
                "Alarm", "BlueZ", "Bytes", "Configuration", "ControlSocket", "Credentials",
                "Diagnostics", "Doctor", "GPIO",
                "Gateway", "HTTPS", "Kinesis", "LibCrypto", "LineEditor", "Linux", "LiveView",
                "Ingest", "LocalHTTP", "OpenSearch",
                "RecordRing",
                "Recording", "SensorLink", "SigV4", "Simulator", "Time", "Uplink", "Vitals",
                "WireFormat",
                "Zlib",
            ],
            exclude: ["Recordings/README.md"],
            resources: [
                .embedInCode("Page/index.html"), .embedInCode("Recordings/interval-session.csv"),
                .embedInCode("HTTP/openapi.json"), .embedInCode("HTTP/docs.html"),
            ],
            swiftSettings: shipped),

        // The functions of the cloud half, one executable: Lambda's `bootstrap`
        .executableTarget(
            name: "relay",
            dependencies: [
                "Alarm", "Bytes", "HTTPS", "Kinesis", "LibCrypto", "Linux", "Relay", "SigV4",
                "Time",
            ],
            swiftSettings: shipped),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["Bytes"], path: "Tests/Support/TestSupport",
            swiftSettings: strict),
        // bluetoothd and its radio as a client sees them, with their oddities and faults.
        .target(
            name: "ModelBlueZ", dependencies: ["SensorLink", "Uplink", "Vitals"],
            path: "Tests/Support/ModelBlueZ", swiftSettings: strict),
        tests("BytesTests", in: "Core", ["Bytes", "TestSupport"]),
        tests("TimeTests", in: "Core", ["Bytes", "TestSupport", "Time"]),
        tests("VitalsTests", in: "Core", ["Bytes", "TestSupport", "Vitals"]),
        tests("AlarmTests", in: "Core", ["Alarm", "TestSupport"]),
        tests(
            "RecordRingTests", in: "Core",
            ["Alarm", "Bytes", "RecordRing", "TestSupport", "Time", "Vitals"]),
        tests(
            "SigV4Tests", in: "Core", ["Bytes", "LibCrypto", "SigV4", "TestSupport"],
            besides: ["Vectors", "botocore_vectors.py"]),
        tests(
            "CredentialsTests", in: "Core",
            ["Bytes", "Credentials", "TestSupport", "Time", "Uplink"],
            besides: ["shlex_words.py"]),
        tests("RecordingTests", in: "Core", ["Alarm", "Recording", "TestSupport"]),
        tests("LiveViewTests", in: "Core", ["Bytes", "LiveView"]),
        tests(
            "WireFormatTests", in: "Core",
            [
                "Alarm", "Bytes", "Gateway", "RecordRing", "TestSupport", "Time", "Vitals",
                "WireFormat",
            ]),
        tests(
            "KinesisTests", in: "Core", ["Bytes", "Kinesis", "LibCrypto", "TestSupport", "Uplink"],
            besides: ["aggregate.py", "deaggregate.py"]),
        tests(
            "RelayTests", in: "Core",
            ["Alarm", "Bytes", "Kinesis", "LibCrypto", "Relay", "TestSupport"]),
        tests("FirehoseTests", in: "Core", ["Bytes", "Firehose", "TestSupport", "Uplink"]),
        tests("OpenSearchTests", in: "Core", ["Bytes", "OpenSearch", "TestSupport", "Uplink"]),
        tests("UplinkTests", in: "Core", ["Bytes", "TestSupport", "Uplink"]),
        tests(
            "SensorLinkTests", in: "Core",
            ["Bytes", "ModelBlueZ", "SensorLink", "TestSupport", "Uplink", "Vitals"]),
        tests("DoctorTests", in: "Core", ["Doctor"]),
        tests("DiagnosticsTests", in: "Core", ["Diagnostics", "TestSupport"]),
        tests(
            "GatewayTests", in: "Core",
            [
                "Alarm", "Bytes", "Diagnostics", "Gateway", "Kinesis", "RecordRing", "TestSupport",
                "Time", "Uplink", "Vitals", "WireFormat",
            ]),
        tests(
            "IngestTests", in: "Core",
            [
                "Alarm", "Bytes", "Gateway", "Ingest", "RecordRing", "TestSupport", "Time",
                "Uplink", "Vitals", "WireFormat",
            ], besides: ["judge_posts.py"]),
        tests("SimulatorTests", in: "Core", ["Bytes", "Simulator", "TestSupport", "Vitals"]),
        tests(
            "CrashTests", in: "Core",
            [
                "Alarm", "Bytes", "Gateway", "RecordRing", "TestSupport", "Time", "Uplink",
                "WireFormat",
            ]),
        tests(
            "LinuxTests", in: "Edge",
            ["Bytes", "Diagnostics", "Linux", "RecordRing", "TestSupport", "Time", "Vitals"]),
        tests("GPIOTests", in: "Edge", ["GPIO", "Linux", "TestSupport"]),
        tests("LineEditorTests", in: "Edge", ["LineEditor"]),
        tests("LocalHTTPTests", in: "Edge", ["Bytes", "Linux", "LocalHTTP", "TestSupport"]),
        tests("ControlSocketTests", in: "Edge", ["ControlSocket", "Linux", "TestSupport"]),
        tests("ZlibTests", in: "Edge", ["Bytes", "TestSupport", "Zlib"]),
        tests("LibCryptoTests", in: "Edge", ["LibCrypto", "SigV4", "TestSupport"]),
        tests(
            "HTTPSTests", in: "Edge", ["Bytes", "HTTPS", "Linux", "TestSupport"],
            besides: ["Server"]),
        tests(
            "BlueZTests", in: "Edge",
            ["BlueZ", "Bytes", "Linux", "SensorLink", "TestSupport", "Vitals"]),
        tests("SettingsTests", in: "Edge", ["Settings", "TestSupport"]),
        tests(
            "ConfigurationTests", in: "Edge",
            ["Configuration", "Credentials", "Settings", "TestSupport"]),
        // The rules of the house that the compiler does not know.
        .testTarget(
            name: "TidyTests", dependencies: ["TestSupport"], path: "Tests/Tidy",
            swiftSettings: strict),

        // Counting and timing, in the release build
        .target(
            name: "CMallocCount", path: "Tests/Support/CMallocCount",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "GatewayLoop",
            dependencies: [
                "Bytes", "Gateway", "Kinesis", "RecordRing", "SigV4", "Time", "Uplink",
            ],
            path: "Tests/Support/GatewayLoop", swiftSettings: strict),
        .executableTarget(
            name: "pulsegate-bench",
            dependencies: [
                "Alarm", "Bytes", "Gateway", "GatewayLoop", "Kinesis", "LibCrypto", "Linux",
                "RecordRing", "SigV4", "Time", "Uplink", "Vitals", "WireFormat",
            ],
            path: "Tests/Bench/Stages", swiftSettings: strict),
        tests(
            "AllocationTests", in: "Allocation",
            [
                "Alarm", "BlueZ", "Bytes", "CMallocCount", "Gateway", "GatewayLoop", "LibCrypto",
                "Linux",
                "RecordRing", "SensorLink", "TestSupport", "Time", "Uplink", "Vitals",
            ]),
    ]
)
