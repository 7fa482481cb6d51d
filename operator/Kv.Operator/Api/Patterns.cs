namespace Kv.Operator.Api;

/// <summary>What fields have to look like. The API server shows the pattern to whoever breaks it.</summary>
internal static class Patterns
{
    /// <summary>The name of an object of Kubernetes (RFC 1123, subdomain).</summary>
    public const string ObjectName = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    /// <summary>The name of a KvCluster: a label that begins with a letter (RFC 1035).</summary>
    public const string ClusterName = "^[a-z]([-a-z0-9]*[a-z0-9])?$";

    /// <summary>Bytes, as 512Mi or 10Gi; never none.</summary>
    public const string Bytes =
        "^(0*[1-9][0-9]*(\\.[0-9]+)?|0+\\.[0-9]*[1-9][0-9]*)(Ki|Mi|Gi|Ti|k|M|G|T)?$";

    /// <summary>A host, perhaps of any first label, or an address of IPv4 or IPv6.</summary>
    public const string HostOrAddress =
        "^((\\*\\.)?[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*" +
        "|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$";

    /// <summary>A time span of minutes, hours, days or weeks, as 90m or 30d; see <see cref="Snapshots.SpanText"/>.
    /// </summary>
    public const string Span = "^[1-9][0-9]{0,5}[mhdw]$";

    /// <summary>Five fields of lists of values, ranges and steps. What days there are is checked later.</summary>
    public const string Cron =
        $"^ *{CronMinute}(,{CronMinute})* +{CronHour}(,{CronHour})* +{CronDay}(,{CronDay})* " +
        $"+{CronMonth}(,{CronMonth})* +{CronWeekday}(,{CronWeekday})* *$";

    public const string NoSpace = "^\\S+$";

    private const string CronStep = "(/[1-9][0-9]?)?";
    private const string CronMinute = "([*]|[0-5]?[0-9](-[0-5]?[0-9])?)" + CronStep;
    private const string CronHour = "([*]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)" + CronStep;
    private const string CronDay = "([*]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)" + CronStep;
    private const string CronMonth =
        "([*]|(0?[1-9]|1[0-2]|[A-Za-z]{3})(-(0?[1-9]|1[0-2]|[A-Za-z]{3}))?)" + CronStep;

    private const string CronWeekday = "([*]|([0-7]|[A-Za-z]{3})(-([0-7]|[A-Za-z]{3}))?)" + CronStep;
}
