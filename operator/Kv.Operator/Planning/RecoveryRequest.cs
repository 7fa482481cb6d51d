namespace Kv.Operator.Planning;

/// <summary>What a person wrote into the annotation that asks for a recovery:
/// <c>survivor=MEMBER,confirm=UID</c> or <c>snapshot=KVSNAPSHOT,confirm=UID</c>, with the UID of the KvCluster. It
/// gives up what the others may hold, so nothing of it is guessed, and it must name the very cluster.</summary>
/// <param name="Text">As it was written.</param>
public sealed record RecoveryRequest(string Text)
{
    private const string Form =
        "write survivor=MEMBER,confirm=UID or snapshot=NAME,confirm=UID, where UID is metadata.uid of this KvCluster";

    /// <summary>The member whose data is to go on; empty if a snapshot is.</summary>
    public string Survivor { get; private init; } = "";

    /// <summary>The KvSnapshot to begin again with; empty if a member's data goes on.</summary>
    public string Snapshot { get; private init; } = "";

    /// <summary>What is wrong with it; null if nothing is.</summary>
    public string? Problem { get; private init; }

    /// <summary>Null if nothing is asked for.</summary>
    public static RecoveryRequest? Read(string? annotation, string clusterUid)
    {
        string text = (annotation ?? "").Trim();
        if (text.Length == 0)
            return null;

        var request = new RecoveryRequest(text);
        string confirmed = "";
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=');
            string value = part[(equals + 1)..].Trim();
            string? key = equals > 0 && value.Length > 0 ? part[..equals].TrimEnd() : null;
            switch (key)
            {
                case "survivor" when request.Survivor.Length == 0:
                    request = request with { Survivor = value };
                    break;
                case "snapshot" when request.Snapshot.Length == 0:
                    request = request with { Snapshot = value };
                    break;
                case "confirm" when confirmed.Length == 0:
                    confirmed = value;
                    break;
                default:
                    return request with { Problem = $"'{part}' is not understood: {Form}." };
            }
        }

        if (request.Survivor.Length > 0 == request.Snapshot.Length > 0)
            return request with { Problem = $"It must name either a survivor or a snapshot: {Form}." };
        return confirmed == clusterUid
            ? request
            : request with
            {
                Problem = confirmed.Length == 0
                    ? $"It is not confirmed: add confirm={clusterUid}."
                    : $"It is confirmed for another object: the UID of this one is {clusterUid}.",
            };
    }
}
