namespace Kv.Operator.Snapshots;

/// <summary>A schedule of five fields: minute, hour, day of the month, month, day of the week, by the clock of a time
/// zone. As with cron, of two days that are both restricted either is enough.
/// <para>Where clocks are changed, a schedule at given hours loses no run and does none twice: a time that is skipped
/// comes when the gap is over, one that is there twice counts the first time. One for every hour or so goes on by
/// real time.</para></summary>
public sealed class CronSchedule
{
    private static readonly string[] Months =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

    private static readonly string[] Weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    /// <summary>Leap days are at most eight years apart.</summary>
    private const int YearsMax = 9;

    /// <summary>No clock is changed by more than a day.</summary>
    private static readonly TimeSpan ChangeMax = TimeSpan.FromHours(25);

    private readonly CronField _minutes;
    private readonly CronField _hours;
    private readonly CronField _days;
    private readonly CronField _months;
    private readonly CronField _weekdays;
    private readonly TimeZoneInfo _zone;

    private CronSchedule(string[] fields, TimeZoneInfo zone)
    {
        _minutes = CronField.Parse("minute", fields[0], 0, 59);
        _hours = CronField.Parse("hour", fields[1], 0, 23);
        _days = CronField.Parse("day of the month", fields[2], 1, 31);
        _months = CronField.Parse("month", fields[3], 1, 12, Months);
        var weekdays = CronField.Parse("day of the week", fields[4], 0, 7, Weekdays);
        _weekdays = weekdays.Has(7) ? weekdays with { Bits = weekdays.Bits | 1 } : weekdays;
        _zone = zone;
    }

    /// <param name="text">The five fields.</param>
    /// <param name="timeZone">A name of the IANA's database; UTC if null.</param>
    /// <exception cref="FormatException">It says what is wrong, in words for people.</exception>
    public static CronSchedule Parse(string text, string? timeZone = null)
    {
        string[] fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            throw new FormatException(
                $"'{text}' has {fields.Length} fields; five are needed: minute, hour, day, month, day of the week");
        }

        TimeZoneInfo? zone = TimeZoneInfo.Utc;
        if (timeZone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out zone))
            throw new FormatException($"'{timeZone}' is no time zone that is known here");
        var schedule = new CronSchedule(fields, zone);
        return schedule.Next(DateTimeOffset.UnixEpoch.AddYears(30)) is null
            ? throw new FormatException($"'{text}' never comes: there is no such day")
            : schedule;
    }

    /// <summary>The first time after a moment; null if there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        // Wall times do not come in the order of real time where clocks are changed, so those around are looked at too.
        DateTime wall = WallOf(after);
        bool isNearChange = _zone.GetUtcOffset(after - ChangeMax) != _zone.GetUtcOffset(after + ChangeMax);
        DateTime from = isNearChange ? wall - ChangeMax : wall;
        DateTimeOffset? best = null;
        for (DateTime? next = NextWall(from, wall.Year + YearsMax); next is { } time;
            next = NextWall(time, wall.Year + YearsMax))
        {
            if (best is { } found && time > WallOf(found) + (isNearChange ? ChangeMax : TimeSpan.Zero))
                break;
            foreach (DateTimeOffset moment in MomentsOf(time))
            {
                if (moment > after && (best is null || moment < best))
                    best = moment;
            }
        }

        return best;
    }

    /// <summary>The last time in a span, its end included; null if there is none.</summary>
    public DateTimeOffset? LastWithin(DateTimeOffset after, DateTimeOffset until)
    {
        // From near the end if there is one there: there may be very many.
        DateTimeOffset near = until - TimeSpan.FromHours(2);
        DateTimeOffset from = near > after && Next(near) <= until ? near : after;
        DateTimeOffset? last = null;
        for (DateTimeOffset? next = Next(from); next <= until; next = Next(next.Value))
            last = next;
        return last;
    }

    private DateTime WallOf(DateTimeOffset moment) => TimeZoneInfo.ConvertTime(moment, _zone).DateTime;

    private IEnumerable<DateTimeOffset> MomentsOf(DateTime wall)
    {
        bool isByInterval = _minutes.IsAny || _hours.IsAny;
        if (_zone.IsInvalidTime(wall))
        {
            if (isByInterval)
                yield break;
            do
                wall = wall.AddMinutes(1);
            while (_zone.IsInvalidTime(wall));
        }

        if (!_zone.IsAmbiguousTime(wall))
        {
            yield return new DateTimeOffset(wall, _zone.GetUtcOffset(wall));
            yield break;
        }

        TimeSpan[] offsets = _zone.GetAmbiguousTimeOffsets(wall);
        yield return new DateTimeOffset(wall, offsets.Max());
        if (isByInterval)
            yield return new DateTimeOffset(wall, offsets.Min());
    }

    /// <summary>The first wall time after another that the fields name.</summary>
    private DateTime? NextWall(DateTime after, int yearMax)
    {
        DateTime time = new DateTime(after.Year, after.Month, after.Day, after.Hour, after.Minute, 0).AddMinutes(1);
        while (time.Year <= yearMax)
        {
            if (!_months.Has(time.Month))
                time = new DateTime(time.Year, time.Month, 1).AddMonths(1);
            else if (!HasDay(time))
                time = time.Date.AddDays(1);
            else if (!_hours.Has(time.Hour))
                time = time.Date.AddHours(time.Hour + 1);
            else if (!_minutes.Has(time.Minute))
                time = time.AddMinutes(1);
            else
                return time;
        }

        return null;
    }

    private bool HasDay(DateTime time)
    {
        bool isDay = _days.Has(time.Day);
        bool isWeekday = _weekdays.Has((int)time.DayOfWeek);
        return _days.IsAny || _weekdays.IsAny ? isDay && isWeekday : isDay || isWeekday;
    }
}
