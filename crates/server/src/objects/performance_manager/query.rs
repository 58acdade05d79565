//! What is counted of an entity, and its samples.

use ::inventory::Snapshot;
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{
        PerfEntityMetric, PerfEntityMetricBase, PerfEntityMetricCSV, PerfMetricId, PerfMetricIntSeries,
        PerfMetricSeries, PerfMetricSeriesCSV, PerfProviderSummary, PerfQuerySpec, PerfSampleInfo,
    },
};

use super::series::{Metric, Series};
use crate::{dispatch::Call, fault::Fault};

/// Seconds between real-time samples.
const REAL_TIME: i32 = 20;
/// How many entities one call may ask for.
const MOST: usize = 10_000;

/// `QueryAvailablePerfMetric`: what there are real-time samples of. There is no history.
pub(super) fn available(
    call: &Call,
    args: args::QueryAvailablePerfMetric,
) -> Result<Option<Vec<Obj<PerfMetricId>>>, Fault> {
    let world = call.snapshot();
    entity(&world, &args.entity)?;
    let mut series = Series::of(&call.core, &world, &args.entity);
    series.keep(args.begin_time, args.end_time, usize::MAX);
    let is_real_time = args.interval_id.is_none_or(|interval| interval == REAL_TIME);
    let any = is_real_time && !series.moments.is_empty();
    Ok(Some(series.values.keys().filter(|_| any).map(metric_id).collect()))
}

/// `QueryPerfProviderSummary`
pub(super) fn provider(call: &Call, args: args::QueryPerfProviderSummary) -> Result<Obj<PerfProviderSummary>, Fault> {
    let world = call.snapshot();
    entity(&world, &args.entity)?;
    let current = is_provider(&world, &args.entity);
    let summary = PerfProviderSummary {
        entity: args.entity,
        current_supported: current,
        summary_supported: false,
        refresh_rate: current.then_some(REAL_TIME),
    };
    Ok(summary.into())
}

/// `QueryPerf`: an answer for each entity that has samples.
pub(super) fn query(call: &Call, args: args::QueryPerf) -> Result<Option<Vec<Obj<PerfEntityMetricBase>>>, Fault> {
    if args.query_spec.len() > MOST {
        return Err(Fault::invalid_argument("querySpec", format!("one call asks for {MOST} entities at the most")));
    }
    let world = call.snapshot();
    let mut answers = Vec::new();
    for spec in &args.query_spec {
        answers.extend(answer(call, &world, spec)?);
    }
    Ok(Some(answers))
}

fn answer(call: &Call, world: &Snapshot, spec: &PerfQuerySpec) -> Result<Option<Obj<PerfEntityMetricBase>>, Fault> {
    entity(world, &spec.entity)?;
    let most = match spec.max_sample {
        Some(most) if most < 1 => return Err(Fault::invalid_argument("querySpec.maxSample", "it is less than 1")),
        most => most.map_or(usize::MAX, |most| most as usize),
    };
    if spec.interval_id.is_some_and(|interval| interval != REAL_TIME) || !is_provider(world, &spec.entity) {
        return Ok(None);
    }
    let mut series = Series::of(&call.core, world, &spec.entity);
    series.keep(spec.start_time, spec.end_time, most);
    if let Some(wanted) = &spec.metric_id {
        series.values.retain(|metric, _| wanted.iter().any(|wanted| is_wanted(wanted, metric)));
    }
    match spec.format.as_deref() {
        None | Some("normal") => Ok(Some(normal(spec.entity.clone(), series))),
        Some("csv") => Ok(Some(csv(spec.entity.clone(), &series))),
        Some(other) => Err(Fault::invalid_argument("querySpec.format", format!("{other:?} is neither normal nor csv"))),
    }
}

/// An instance `*` stands for every instance, the empty one included.
fn is_wanted(wanted: &PerfMetricId, (counter, instance): &Metric) -> bool {
    wanted.counter_id == *counter && (wanted.instance == "*" || wanted.instance == instance.as_str())
}

fn normal(entity: MoRef, series: Series) -> Obj<PerfEntityMetricBase> {
    let info = |at| PerfSampleInfo { timestamp: at, interval: REAL_TIME }.into();
    let values = series.values.iter().map(|(metric, values)| {
        let base = PerfMetricSeries { id: metric_id(metric) };
        Obj::<PerfMetricIntSeries>::from(PerfMetricIntSeries { base, value: Some(values.clone()) }).up()
    });
    let answer = PerfEntityMetric {
        base: PerfEntityMetricBase { entity },
        value: Some(values.collect()),
        sample_info: Some(series.moments.into_iter().map(info).collect()),
    };
    Obj::<PerfEntityMetric>::from(answer).up()
}

fn csv(entity: MoRef, series: &Series) -> Obj<PerfEntityMetricBase> {
    let joined = |words: Vec<String>| Str::from(words.join(","));
    let values = series.values.iter().map(|(metric, values)| {
        let base = PerfMetricSeries { id: metric_id(metric) };
        let value = Some(joined(values.iter().map(i64::to_string).collect()));
        Obj::from(PerfMetricSeriesCSV { base, value })
    });
    let answer = PerfEntityMetricCSV {
        base: PerfEntityMetricBase { entity },
        value: Some(values.collect()),
        sample_info_csv: joined(series.moments.iter().map(|at| format!("{REAL_TIME},{at}")).collect()),
    };
    Obj::<PerfEntityMetricCSV>::from(answer).up()
}

fn metric_id((counter, instance): &Metric) -> Obj<PerfMetricId> {
    PerfMetricId { counter_id: *counter, instance: instance.as_str().into() }.into()
}

fn is_provider(world: &Snapshot, entity: &MoRef) -> bool {
    world.get::<mo::VirtualMachine>(entity).is_some() || world.get::<mo::HostSystem>(entity).is_some()
}

fn entity(world: &Snapshot, entity: &MoRef) -> Result<(), Fault> {
    world.resolve(entity).map(|_| ()).ok_or_else(|| Fault::object_not_found(entity))
}
