namespace Kv.Kubernetes.Hosting;

/// <summary>What must be true of a healthy process, each by its name. A check says what is wrong, or null.</summary>
public sealed class HealthChecks
{
    private readonly Lock _gate = new();
    private readonly List<(string Name, Func<string?> Check)> _checks = [];

    public void Add(string name, Func<string?> check)
    {
        lock (_gate)
            _checks.Add((name, check));
    }

    /// <summary>All checks, a line each, as the API server answers the like: <c>[+]name ok</c>.</summary>
    public (bool IsHealthy, string Report) Run()
    {
        (string Name, Func<string?> Check)[] checks;
        lock (_gate)
            checks = [.. _checks];
        bool isHealthy = true;
        var report = new System.Text.StringBuilder();
        foreach ((string name, var check) in checks)
        {
            string? finding = check();
            isHealthy &= finding is null;
            report.Append(finding is null ? $"[+]{name} ok\n" : $"[-]{name} failed: {finding}\n");
        }

        return (isHealthy, report.ToString());
    }
}
