// As far as our modules must know it; written by hand.
declare const OpenSeadragon: any;
export default OpenSeadragon;
