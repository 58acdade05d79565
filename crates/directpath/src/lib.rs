//! VMDirectPath Gen 2 and UPTv2: facts in, verdict out.
