namespace Kv.Server.Configuration;

/// <summary>Reads who the members of a new cluster shall be. A member that has data already knows its cluster, so
/// there these settings count for nothing, and cannot be wrong.</summary>
internal static class BootstrapRules
{
    /// <summary>The members by the order in which they are first named; a name may repeat, once for each URL.</summary>
    public static IReadOnlyList<InitialMember> ReadMembers(string text, List<string> faults)
    {
        var members = new List<(string Name, List<NodeUrl> Urls)>();
        foreach (string pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=');
            string name = (equals < 0 ? pair : pair[..equals]).Trim();
            if (!NodeUrl.TryParse(equals < 0 ? "" : pair[(equals + 1)..], out var url, out string? fault))
            {
                faults.Add($"error setting up initial cluster: {fault}");
                continue;
            }

            int index = members.FindIndex(member => member.Name == name);
            if (index < 0)
                members.Add((name, [url]));
            else
                members[index].Urls.Add(url);
        }

        return [.. members.Select(member => new InitialMember(member.Name, [.. member.Urls.Distinct()]))];
    }

    /// <summary>Adds what keeps a member without data from starting.</summary>
    public static void Check(BootstrapSettings bootstrap, MemberSettings member, List<string> faults) =>
        CheckOwn(bootstrap.Members, member.Name, member.AdvertisePeerUrls, faults);

    /// <summary>Adds what is wrong with the members if one of them is this one.</summary>
    public static void CheckOwn(
        IReadOnlyList<InitialMember> members, string name, IReadOnlyList<NodeUrl> advertised, List<string> faults)
    {
        foreach (var twin in members.SelectMany(each => each.PeerUrls).GroupBy(url => url))
        {
            if (twin.Count() > 1)
                faults.Add($"initial cluster has duplicated url ({twin.Key})");
        }

        var own = members.FirstOrDefault(each => each.Name == name);
        if (own is null)
            faults.Add($"couldn't find local name \"{name}\" in the initial cluster configuration");
        else if (!Addresses(own.PeerUrls).SetEquals(Addresses(advertised)))
            faults.Add(Mismatch(own, advertised));
    }

    /// <summary>The one host name whose address is certain without asking a name server.</summary>
    private static HashSet<NodeUrl> Addresses(IEnumerable<NodeUrl> urls) =>
        [.. urls.Select(url => url.Host == "localhost" ? url with { Host = "127.0.0.1" } : url)];

    private static string Mismatch(InitialMember own, IReadOnlyList<NodeUrl> advertised)
    {
        string listed = string.Join(',', own.PeerUrls.Select(url => $"{own.Name}={url}"));
        string missing = string.Join(',', advertised);
        return own.PeerUrls.All(url => advertised.Contains(url))
            ? $"--initial-advertise-peer-urls has {missing} but missing from --initial-cluster={listed}"
            : $"--initial-cluster has {listed} but missing from --initial-advertise-peer-urls={missing}";
    }
}
