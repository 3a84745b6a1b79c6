/// Where a sink's access key comes from, as its configuration says. Sinks with equal settings
/// share one source and one key.
public struct CredentialSettings: Hashable, Sendable {
    /// The source that is asked: the value of `credentials`.
    public enum Choice: String, CaseIterable, Sendable {
        /// What the other settings name, or else the first place that has a key.
        case auto
        /// `accessKeyID`, with its secret in a file of one line.
        case key
        case environment
        /// The shared credentials file, with profiles.
        case file
        /// A program that prints a key.
        case process
        /// AWS IoT's credential provider.
        case iot
        /// The agent of ECS or EKS.
        case container
        /// The metadata of an EC2 instance.
        case instance
    }

    public var choice = Choice.auto
    public var accessKeyID: String?
    /// Its first line is the secret.
    public var secretFile: String?
    public var file: String?
    public var profile: String?
    /// A command line by the rules of `ProcessCommand`.
    public var process: String?
    public var iot: IoTRole?
    /// How long a process or a provider may take.
    public var timeoutNanoseconds: Int64

    public init(timeoutNanoseconds: Int64 = 30_000_000_000) {
        self.timeoutNanoseconds = timeoutNanoseconds
    }

    /// `auto` in the terms of what is set.
    public var effectiveChoice: Choice {
        if choice != .auto { return choice }
        if accessKeyID != nil { return .key }
        if process != nil { return .process }
        if iot != nil { return .iot }
        if file != nil || profile != nil { return .file }
        return .auto
    }
}

/// A role alias of AWS IoT and the device's certificate that may take the role ("Authorizing
/// direct calls to AWS services using AWS IoT Core credential provider", AWS IoT Core Developer
/// Guide).
public struct IoTRole: Hashable, Sendable {
    /// `https://PREFIX.credentials.iot.REGION.amazonaws.com`, without a path.
    public var url: String
    public var roleAlias: String
    /// Sent in the header `x-amzn-iot-thingname`, for policies that ask for it.
    public var thing: String?
    /// PEM files of the device.
    public var certificateFile: String
    public var keyFile: String
    /// PEM file of who has signed the provider's certificate; nil for the system's.
    public var authorityFile: String?

    public init(
        url: String, roleAlias: String, thing: String?, certificateFile: String, keyFile: String,
        authorityFile: String?
    ) {
        self.url = url
        self.roleAlias = roleAlias
        self.thing = thing
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.authorityFile = authorityFile
    }
}
